// URLs that name several servers.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "base/descriptor.h"
#include "base/error.h"
#include "postgres/require_writable.h"
#include "postgres/sandbox.h"
#include "support/test_database.h"

namespace lockstep {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// A machine that takes connections and says nothing: what is left of one that hangs.
class SilentServer {
 public:
  SilentServer() : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{
        .sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    socklen_t size = sizeof(address);
    EXPECT_EQ(::bind(descriptor_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(descriptor_.get(), 8), 0);
    EXPECT_EQ(::getsockname(descriptor_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = std::to_string(ntohs(address.sin_port));
  }
  const std::string& port() const { return port_; }

 private:
  Descriptor descriptor_;
  std::string port_;
};

class SeveralServers : public ::testing::Test {
 protected:
  static ConnectionUrl At(const ConnectionUrl& url, const std::string& ports) {
    return url.With("host", "127.0.0.1,127.0.0.1").With("port", ports);
  }

  Sandbox server_;
  std::string port_ = server_.url().Get("port");
};

TEST_F(SeveralServers, N5_ASilentOneDoesNotHideTheOthers) {
  const SilentServer silent;
  const ConnectionUrl url = At(server_.url(), silent.port() + "," + port_);
  const OpenedSession opened = OpenSession(url, {.connect_timeout = std::chrono::seconds(4)});
  EXPECT_EQ(opened.facts.address.port, port_);
  ASSERT_EQ(opened.facts.other_servers.size(), 1U);
  EXPECT_EQ(opened.facts.other_servers[0].port, silent.port());
}

TEST_F(SeveralServers, N5_SilentOnesAreNamedWhenNobodyIsLeft) {
  const SilentServer silent, other;
  const ConnectionUrl url = At(server_.url(), silent.port() + "," + other.port());
  try {
    OpenSession(url, {.connect_timeout = std::chrono::seconds(2)});
    FAIL() << "somebody has answered";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnreachable);
    EXPECT_THAT(error.what(), HasSubstr("127.0.0.1:" + silent.port() + " did not answer in time"));
  }
}

TEST_F(SeveralServers, D4_OneServerByTwoNamesIsOne) {
  const ConnectionUrl url =
      server_.url().With("host", "127.0.0.1,localhost").With("port", port_ + "," + port_);
  const SessionFactory open = [&](const SessionOptions& options) {
    return OpenSession(url, options);
  };
  const OpenedSession opened = open({});
  ASSERT_EQ(opened.facts.other_servers.size(), 1U);
  RequireWritable(*opened.session, opened.facts, open);
}

TEST_F(SeveralServers, D4_PrimariesOfTwoClustersAreNoneOfOne) {
  const Sandbox other;
  const ConnectionUrl url = At(server_.url(), port_ + "," + other.url().Get("port"));
  const SessionFactory open = [&](const SessionOptions& options) {
    const ConnectionUrl here = options.server && options.server->port != port_ ? other.url() : url;
    return OpenSession(here, options);
  };
  const OpenedSession opened = open({});
  RequireWritable(*opened.session, opened.facts, open);
}

}  // namespace
}  // namespace lockstep
