#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>

#include "base/error.h"
#include "support/commit_fault.h"
#include "support/test_database.h"
#include "support/wire_proxy.h"

namespace lockstep {
namespace {

ErrorCode CodeOfCommit(Session& session) {
  try {
    Commit(session);
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::kInternal;
}

// Inserts a row through a proxy that hits the COMMIT; the rows that are there afterwards.
std::string RowsAfter(CommitFault fault) {
  const TestDatabase database;
  database.Sql("create table t (id int)");
  const auto plan = std::make_shared<CommitFaultPlan>(fault, 1);
  const WireProxy proxy(database.url(), WithCommitFault(plan));
  const OpenedSession opened = OpenSession(proxy.url(), {});
  EXPECT_TRUE(opened.session->Send("begin; insert into public.t values (1)").ok());
  EXPECT_EQ(CodeOfCommit(*opened.session), ErrorCode::kInDoubt);
  EXPECT_TRUE(plan->happened());
  return database.Value("select count(*) from t");
}

// Resets its connection once it is woken, and passes on a byte at a time.
class WokenPolicy : public WirePolicy {
 public:
  explicit WokenPolicy(int wake) : wake_(wake) {}
  int wake() const override { return wake_; }
  WireVerdict OnWake() override { return WireVerdict::kReset; }
  std::size_t slice() const override { return 1; }

 private:
  int wake_;
};

TEST(WireProxyTest, PassesOnInPieces) {
  const Descriptor wake(::eventfd(0, EFD_CLOEXEC));
  const TestDatabase database;
  const WireProxy proxy(database.url(), [&] { return std::make_unique<WokenPolicy>(wake.get()); });
  const OpenedSession opened = OpenSession(proxy.url(), {});
  EXPECT_EQ(opened.session->Query("select pg_catalog.repeat('x', 3)", {}).Text(0, 0), "xxx");
}

TEST(WireProxyTest, ResetsAConnectionWhenItIsWoken) {
  const Descriptor wake(::eventfd(1, EFD_CLOEXEC));
  const TestDatabase database;
  const WireProxy proxy(database.url(), [&] { return std::make_unique<WokenPolicy>(wake.get()); });
  const Descriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(proxy.url().Get("port"))));
  ASSERT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  char byte = 0;
  EXPECT_EQ(::recv(client.get(), &byte, 1, 0), -1);
  EXPECT_EQ(errno, ECONNRESET);
}

TEST(WireProxyTest, CountsWhatIsAnsweredOnEachConnection) {
  const TestDatabase database;
  const WireProxy proxy(database.url());
  const OpenedSession one = OpenSession(proxy.url(), {.purpose = "one"});
  const OpenedSession two = OpenSession(proxy.url(), {.purpose = "two"});
  const int before = proxy.RoundTripsOf("lockstep/one");
  one.session->Send("select 1; select 2; select 3");
  one.session->Query("select $1::int", {"1"});
  EXPECT_FALSE(one.session->Send("select 1/0").ok());
  EXPECT_EQ(proxy.RoundTripsOf("lockstep/one"), before + 3);
  EXPECT_EQ(proxy.RoundTripsOf("lockstep/two"), before);
  EXPECT_EQ(proxy.connections().size(), 2u);
}

TEST(WireProxyTest, CountsBytesBothWays) {
  const TestDatabase database;
  const WireProxy proxy(database.url());
  const OpenedSession opened = OpenSession(proxy.url(), {});
  const WireCount before = proxy.connections().at(0);
  opened.session->Send("select pg_catalog.repeat('x', 1000000)");
  const WireCount after = proxy.connections().at(0);
  EXPECT_GT(after.bytes_to_client - before.bytes_to_client, 1'000'000);
  // The type, the length, the text and its zero byte.
  EXPECT_EQ(after.bytes_to_server - before.bytes_to_server, 1 + 4 + 38 + 1);
}

TEST(WireProxyTest, PassesARequestToCancel) {
  const TestDatabase database;
  const WireProxy proxy(database.url());
  const OpenedSession opened = OpenSession(proxy.url(), {});
  // A notice is sent at once, and comes while the statement runs.
  opened.session->OnNotice([&](const Notice&) { opened.session->MakeCanceller()->Cancel(); });
  const Reply reply = opened.session->Send(
      "do $$ begin raise notice 'runs'; perform pg_catalog.pg_sleep(3600); end $$");
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error->sqlstate, "57014");
}

// Faults: N4.
TEST(WireProxyTest, ACommitThatIsCutOffBeforeTheServerIsRolledBack) {
  EXPECT_EQ(RowsAfter(CommitFault::kCutBefore), "0");
}

// Faults: N4.
TEST(WireProxyTest, ACommitWhoseAnswerIsSwallowedIsDone) {
  EXPECT_EQ(RowsAfter(CommitFault::kSwallowAnswer), "1");
}

}  // namespace
}  // namespace lockstep
