#include "agent/http_address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace lockstep {
namespace {

using ::testing::HasSubstr;

TEST(HttpAddress, ReadsHostAndPort) {
  for (const auto& [text, host, port] :
       {std::tuple{"127.0.0.1:8432", "127.0.0.1", 8432}, std::tuple{"[::1]:8432", "::1", 8432},
        std::tuple{"localhost:0", "localhost", 0}, std::tuple{"a.b-c:65535", "a.b-c", 65535}}) {
    const auto address = ParseHttpAddress(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->host, host);
    EXPECT_EQ(address->port, port);
    EXPECT_EQ(ToText(*address), text);
  }
}

TEST(HttpAddress, RefusesWhatIsNone) {
  for (const char* text :
       {"", "8432", ":8432", "host", "host:", "host:65536", "host:-1", "host:+1", "host: 1",
        "host:1x", "::1:8432", "[::1]", "[]:1", "[::1:8432", "::1]:8"}) {
    EXPECT_FALSE(ParseHttpAddress(text)) << text;
  }
}

void ExpectRefused(const std::string& address, const std::string& reason, const std::string& hint) {
  try {
    ListenOn(address);
    ADD_FAILURE() << address;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadSettings);
    EXPECT_THAT(error.what(), HasSubstr("'" + address + "'"));
    EXPECT_THAT(error.what(), HasSubstr(reason));
    EXPECT_THAT(error.hint(), HasSubstr(hint));
  }
}

TEST(HttpAddress, SaysWhyItCannotListen) {
  ExpectRefused("::1:8432", "not HOST:PORT", "[::1]:8432");
  ExpectRefused("192.0.2.1:0", "", "this host has no such address");
  const TcpListener taken = ListenOn("127.0.0.1:0");
  ExpectRefused(ToText(taken.address), "in use", "another agent");
}

// "localhost" is 127.0.0.1 and ::1. An agent that went to the other one would be found by nobody.
TEST(HttpAddress, DoesNotMoveToTheNextAddressOfANameThatIsInUse) {
  const TcpListener taken = ListenOn("localhost:0");
  ExpectRefused("localhost:" + std::to_string(taken.address.port), "in use", "another agent");
}

TEST(HttpAddress, TakesAFreePortForZero) { EXPECT_NE(ListenOn("127.0.0.1:0").address.port, 0); }

}  // namespace
}  // namespace lockstep
