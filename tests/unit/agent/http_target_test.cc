#include "agent/http_target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

HttpTarget Parsed(std::string_view text) {
  const auto result = ParseHttpTarget(text);
  if (const auto* fault = std::get_if<HttpTargetFault>(&result)) {
    ADD_FAILURE() << text << ": " << fault->detail;
    return {};
  }
  return std::get<HttpTarget>(result);
}

std::string FaultOf(std::string_view text) {
  const auto result = ParseHttpTarget(text);
  const auto* const fault = std::get_if<HttpTargetFault>(&result);
  return fault != nullptr ? fault->detail : "";
}

TEST(HttpTarget, SeparatesPathAndQuery) {
  const HttpTarget target = Parsed("/api/v1/wait?revision=68db6a7fba94&timeout=30s&&flag&empty=");
  EXPECT_EQ(target.path, "/api/v1/wait");
  EXPECT_THAT(target.query, ElementsAre(Pair("empty", ""), Pair("flag", ""),
                                        Pair("revision", "68db6a7fba94"), Pair("timeout", "30s")));
  EXPECT_THAT(Parsed("/").query, IsEmpty());
  EXPECT_THAT(Parsed("/?").query, IsEmpty());
}

TEST(HttpTarget, DecodesAfterItHasSeparated) {
  const HttpTarget target = Parsed("/a%2Fb%3fc%c3%a9?x%3dy=%26%25&g=+1&z=a=b?c");
  EXPECT_EQ(target.path, "/a/b?cé");
  EXPECT_THAT(target.query, ElementsAre(Pair("g", "+1"), Pair("x=y", "&%"), Pair("z", "a=b?c")));
}

TEST(HttpTarget, TakesTheAbsoluteFormOfAProxy) {
  EXPECT_EQ(Parsed("http://localhost:8432/metrics?a=b").path, "/metrics");
  EXPECT_EQ(Parsed("HTTPS://host/metrics").path, "/metrics");
  EXPECT_EQ(Parsed("http://host").path, "/");
  const HttpTarget target = Parsed("http://host?a=b");
  EXPECT_EQ(target.path, "/");
  EXPECT_THAT(target.query, ElementsAre(Pair("a", "b")));
}

TEST(HttpTarget, RefusesEscapesThatAreNone) {
  for (const std::string_view text :
       {"/%", "/%4", "/%zz", "/%4g", "/%-1", "/%+1", "/a?b=%", "/a?%=b", "/%%41", "/a?b=c%4"}) {
    EXPECT_THAT(FaultOf(text), HasSubstr("'%'")) << text;
  }
}

TEST(HttpTarget, RefusesControlCharactersHoweverTheyAreWritten) {
  for (const std::string_view text :
       {"/a%00b", "/a%0ab", "/a%7f", "/a?b=%00", "/a?%00=b", "/a?b=%0d%0aX:y"}) {
    EXPECT_THAT(FaultOf(text), HasSubstr("control character")) << text;
  }
}

TEST(HttpTarget, RefusesWhatIsNoUtf8) {
  for (const std::string_view text : {"/%ff", "/%c0%af", "/a?b=%ed%a0%80", "/\xe9"}) {
    EXPECT_THAT(FaultOf(text), HasSubstr("not UTF-8")) << text;
  }
}

TEST(HttpTarget, RefusesWhatIsNoPath) {
  for (const std::string_view text :
       {"", "*", "metrics", "host:80", "ftp://host/x", "/a#b", "http:/metrics", "?a=b"}) {
    EXPECT_THAT(FaultOf(text), HasSubstr("is no path")) << text;
  }
}

TEST(HttpTarget, RefusesAParameterThatIsGivenTwice) {
  EXPECT_EQ(FaultOf("/a?revision=1&x&re%76ision=2"), "the parameter 'revision' is given twice");
}

}  // namespace
}  // namespace lockstep
