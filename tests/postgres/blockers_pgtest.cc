#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "postgres/blockers.h"
#include "support/test_database.h"

namespace lockstep {
namespace {

class BlockersTest : public ::testing::Test {
 protected:
  BlockersTest() {
    database_.Sql("create table orders (id int primary key); insert into orders values (1);");
    look_ = database_.Open().session;
  }

  // A session that calls itself `name`, in a transaction that has done `sql`.
  std::unique_ptr<Session> InTransaction(const std::string& name, const std::string& sql) {
    auto session = database_.Open().session;
    const Reply reply = session->Send("set application_name = '" + name + "'; begin; " + sql);
    EXPECT_TRUE(reply.ok()) << reply.error->message;
    return session;
  }

  // Starts `sql` and returns once it waits for a lock, or is done without waiting.
  std::future<Reply> StartWaiting(Session& session, const std::string& sql) {
    auto reply = std::async(std::launch::async, [&session, sql] { return session.Send(sql); });
    const std::string waits = "select exists (select from pg_locks where not granted and pid = " +
                              std::to_string(session.backend_pid()) + ")";
    const auto is_done = [&reply] {
      return reply.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    };
    while (!look_->Query(waits).Bool(0, 0) && !is_done()) {
    }
    return reply;
  }

  TestDatabase database_;
  std::unique_ptr<Session> look_;
};

constexpr std::string_view kReport = "select count(*) from public.orders";
constexpr std::string_view kAlter = "alter table public.orders add column note text";

TEST_F(BlockersTest, AreNoneForASessionThatDoesNotWait) {
  const auto reader = InTransaction("reporting", std::string(kReport));
  EXPECT_TRUE(FindBlockers(*look_, reader->backend_pid()).empty());
  EXPECT_TRUE(FindVictims(*look_, reader->backend_pid()).empty());
}

TEST_F(BlockersTest, NameTheIdleTransactionAndItsLock) {
  const auto reader = InTransaction("reporting", std::string(kReport));
  const auto run = database_.Open("upgrade").session;
  auto reply = StartWaiting(*run, std::string(kAlter));

  const auto blockers = FindBlockers(*look_, run->backend_pid());
  ASSERT_EQ(blockers.size(), 1u);
  const Blocker& blocker = blockers[0];
  EXPECT_EQ(blocker.pid, reader->backend_pid());
  EXPECT_EQ(blocker.kind, BlockerKind::kIdleInTransaction);
  EXPECT_EQ(blocker.application_name, "reporting");
  EXPECT_EQ(blocker.user, look_->Query("select current_user").Text(0, 0));
  EXPECT_EQ(blocker.state, "idle in transaction");
  EXPECT_EQ(blocker.mode, "ACCESS SHARE");
  EXPECT_EQ(blocker.relation, "public.orders");
  EXPECT_FALSE(blocker.queued);
  EXPECT_GE(blocker.transaction_age_seconds, 0);
  EXPECT_EQ(blocker.wait_seconds, -1);
  EXPECT_NE(blocker.query.find(kReport), std::string::npos);

  const auto victims = FindVictims(*look_, reader->backend_pid());
  ASSERT_EQ(victims.size(), 1u);
  EXPECT_EQ(victims[0].pid, run->backend_pid());
  EXPECT_EQ(victims[0].mode, "ACCESS EXCLUSIVE");
  EXPECT_EQ(victims[0].relation, "public.orders");
  EXPECT_TRUE(victims[0].queued);
  EXPECT_GE(victims[0].wait_seconds, 0);
  EXPECT_EQ(victims[0].application_name, "lockstep/upgrade");

  reader->Send("rollback");
  EXPECT_TRUE(reply.get().ok());
}

TEST_F(BlockersTest, IncludeWhoIsAheadInTheQueue) {
  const auto reader = InTransaction("reporting", std::string(kReport));
  const auto run = database_.Open().session;
  const auto late = database_.Open().session;
  auto altered = StartWaiting(*run, std::string(kAlter));
  auto read = StartWaiting(*late, std::string(kReport));

  const auto blockers = FindBlockers(*look_, late->backend_pid());
  ASSERT_EQ(blockers.size(), 1u);
  EXPECT_EQ(blockers[0].pid, run->backend_pid());
  EXPECT_TRUE(blockers[0].queued);
  EXPECT_EQ(blockers[0].mode, "ACCESS EXCLUSIVE");
  EXPECT_EQ(blockers[0].kind, BlockerKind::kDdl);
  EXPECT_GE(blockers[0].wait_seconds, 0);

  reader->Send("rollback");
  EXPECT_TRUE(altered.get().ok());
  EXPECT_TRUE(read.get().ok());
}

TEST_F(BlockersTest, PutTheOldestTransactionFirst) {
  const auto older = InTransaction("older", std::string(kReport));
  const auto newer = InTransaction("newer", std::string(kReport));
  const auto run = database_.Open().session;
  auto reply = StartWaiting(*run, std::string(kAlter));

  const auto blockers = FindBlockers(*look_, run->backend_pid());
  ASSERT_EQ(blockers.size(), 2u);
  EXPECT_EQ(blockers[0].application_name, "older");
  EXPECT_EQ(blockers[1].application_name, "newer");

  older->Send("rollback");
  newer->Send("rollback");
  EXPECT_TRUE(reply.get().ok());
}

TEST_F(BlockersTest, NameTheLockThatConflictsAmongSeveral) {
  const auto writer = InTransaction(
      "writer", "lock table public.orders in share mode; insert into public.orders values (2)");
  const auto run = database_.Open().session;
  auto reply = StartWaiting(*run, "create index on public.orders (id)");

  const auto blockers = FindBlockers(*look_, run->backend_pid());
  ASSERT_EQ(blockers.size(), 1u);
  // Building an index takes SHARE, which goes together with the writer's SHARE.
  EXPECT_EQ(blockers[0].mode, "ROW EXCLUSIVE");

  writer->Send("rollback");
  EXPECT_TRUE(reply.get().ok());
}

TEST_F(BlockersTest, TellARowFromATable) {
  const std::string update = "update public.orders set id = 3 where id = 1";
  const auto writer = InTransaction("writer", update);
  const auto run = database_.Open().session;
  auto reply = StartWaiting(*run, update);

  const auto blockers = FindBlockers(*look_, run->backend_pid());
  ASSERT_EQ(blockers.size(), 1u);
  EXPECT_EQ(blockers[0].lock_type, "transactionid");
  EXPECT_EQ(blockers[0].relation, "");
  EXPECT_NE(ToText(blockers[0]).find("holds a row"), std::string::npos);

  writer->Send("rollback");
  EXPECT_TRUE(reply.get().ok());
}

// Faults: D14.
TEST_F(BlockersTest, NameThePreparedTransactionInTheWayAndNoOther) {
  if (database_.Value("show max_prepared_transactions") == "0") GTEST_SKIP();
  database_.Sql("create table other (id int)");
  const std::string gid = "blocks " + database_.name(), bystander = "idle " + database_.name();
  const auto writer = InTransaction("writer", std::string(kReport));
  ASSERT_TRUE(writer->Send("prepare transaction '" + gid + "'").ok());
  writer->Send("begin; select from public.other");
  ASSERT_TRUE(writer->Send("prepare transaction '" + bystander + "'").ok());
  const auto run = database_.Open().session;
  auto reply = StartWaiting(*run, std::string(kAlter));

  const auto blockers = FindBlockers(*look_, run->backend_pid());
  writer->Send("rollback prepared '" + gid + "'");
  writer->Send("rollback prepared '" + bystander + "'");
  EXPECT_TRUE(reply.get().ok());
  ASSERT_EQ(blockers.size(), 1u);
  EXPECT_EQ(blockers[0].pid, 0);
  EXPECT_EQ(blockers[0].gid, gid);
  EXPECT_EQ(blockers[0].kind, BlockerKind::kPrepared);
  EXPECT_EQ(blockers[0].mode, "ACCESS SHARE");
  EXPECT_EQ(blockers[0].relation, "public.orders");
  EXPECT_GE(blockers[0].transaction_age_seconds, 0);
}

TEST_F(BlockersTest, AreFoundWithoutTheRightToSeeOthersActivity) {
  const std::string role = database_.CreateRole("stranger", "pw");
  const auto stranger =
      OpenSession(database_.UrlAs(role, "pw"), SessionOptions{.purpose = "look"}).session;
  const auto reader = InTransaction("reporting", std::string(kReport));
  const auto run = database_.Open().session;
  auto reply = StartWaiting(*run, std::string(kAlter));

  const auto blockers = FindBlockers(*stranger, run->backend_pid());
  const auto victims = FindVictims(*stranger, reader->backend_pid());
  reader->Send("rollback");
  EXPECT_TRUE(reply.get().ok());
  ASSERT_EQ(blockers.size(), 1u);
  EXPECT_EQ(blockers[0].pid, reader->backend_pid());
  EXPECT_EQ(blockers[0].application_name, "reporting");
  EXPECT_EQ(blockers[0].mode, "ACCESS SHARE");
  EXPECT_EQ(blockers[0].relation, "public.orders");
  EXPECT_EQ(blockers[0].state, "");
  EXPECT_EQ(blockers[0].query, "");
  EXPECT_EQ(blockers[0].transaction_age_seconds, -1);
  EXPECT_EQ(blockers[0].kind, BlockerKind::kActive);
  ASSERT_EQ(victims.size(), 1u);
  EXPECT_EQ(victims[0].pid, run->backend_pid());
}

TEST_F(BlockersTest, KnowOurOwnBackendsOfThisDatabase) {
  const TestDatabase elsewhere;
  const auto there = elsewhere.Open("upgrade").session;
  const auto run = database_.Open("upgrade").session;
  const auto other = InTransaction("reporting", std::string(kReport));

  const auto idle = FindOurBackends(*look_);
  ASSERT_EQ(idle.size(), 1u);
  EXPECT_EQ(idle[0], (OurBackend{run->backend_pid(), "lockstep/upgrade", idle[0].state, false}));

  auto reply = StartWaiting(*run, std::string(kAlter));
  const auto waiting = FindOurBackends(*look_);
  other->Send("rollback");
  EXPECT_TRUE(reply.get().ok());
  ASSERT_EQ(waiting.size(), 1u);
  EXPECT_TRUE(waiting[0].waiting);
  EXPECT_EQ(waiting[0].state, "active");
}

}  // namespace
}  // namespace lockstep
