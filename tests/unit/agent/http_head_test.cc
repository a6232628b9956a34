#include "agent/http_head.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(HttpHead, SaysAllThatAnAnswerNeeds) {
  const HttpResponse response{202, "application/json", "{}", {{"Location", "/api/v1/runs/1"}}};
  EXPECT_EQ(MakeHttpHead(response, {.length = 2}),
            "HTTP/1.1 202 Accepted\r\n"
            "Content-Type: application/json\r\n"
            "Content-Length: 2\r\n"
            "Cache-Control: no-store\r\n"
            "X-Content-Type-Options: nosniff\r\n"
            "Location: /api/v1/runs/1\r\n"
            "\r\n");
}

TEST(HttpHead, SaysHowTheConnectionGoesOn) {
  const HttpResponse response;
  EXPECT_THAT(MakeHttpHead(response, {.length = 0}), Not(HasSubstr("Connection:")));
  EXPECT_THAT(MakeHttpHead(response, {.length = 0, .keep_alive = false}),
              HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(MakeHttpHead(response, {.length = 0, .old_client = true}),
              HasSubstr("Connection: keep-alive\r\n"));
}

TEST(HttpHead, GivesNoLengthWhereThereIsNone) {
  const std::string chunked = MakeHttpHead({}, {.chunked = true});
  EXPECT_THAT(chunked, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_THAT(chunked, Not(HasSubstr("Content-Length")));
  const std::string nothing = MakeHttpHead({.status = 204}, {.length = 0});
  EXPECT_THAT(nothing, StartsWith("HTTP/1.1 204 No Content\r\n"));
  EXPECT_THAT(nothing, Not(HasSubstr("\r\nContent-")));
}

// A revision or a goal that a client sent may come back in a header.
TEST(HttpHead, LetsNoValueEndItsLine) {
  const std::string head =
      MakeHttpHead({200, "", "", {{"Location", "/a\r\nSet-Cookie: b\n\n\x7f"}}}, {.length = 0});
  EXPECT_THAT(head, HasSubstr("Location: /aSet-Cookie: b\r\n\r\n"));
}

TEST(HttpHead, KeepsTheBlankOfAStatusThatHasNoName) {
  EXPECT_THAT(MakeHttpHead({.status = 299}, {}), StartsWith("HTTP/1.1 299 \r\n"));
}

}  // namespace
}  // namespace lockstep
