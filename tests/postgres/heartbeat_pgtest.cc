// Who has the migration lock and is silent gives it up; who waits, or has others work, is not
// silent.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "support/migrations_under_test.h"
#include "support/program_fixture.h"

namespace lockstep {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::Not;

// A server before PostgreSQL 14 knows no such limit.
bool KnowsTheLimit(const TestDatabase& database) {
  return database.Value("select current_setting('server_version_num')::int >= 140000") == "t";
}

class HeartbeatTest : public ::testing::Test {
 protected:
  HeartbeatTest() {
    test_.database.Sql("create table t (id int)");
    test_.Add("0001_a", "alter table t add column b int;");
    test_.settings.migration_lock_idle_limit = kLimit;
  }

  static constexpr auto kLimit = 1s;
  MigrationsUnderTest test_;
};

TEST_F(HeartbeatTest, ARunThatWaitsForATableKeepsTheLock) {
  const auto reader = test_.database.Open().session;
  ASSERT_TRUE(reader->Send("begin; lock table public.t in access share mode").ok());
  test_.settings.table_locks.young_holder = 1ns;
  const SteadyTime enough = SystemClock().Now() + 3 * kLimit;
  test_.observer.on_blocked = [&] {
    if (SystemClock().Now() > enough) reader->Send("rollback");
  };
  EXPECT_EQ(test_.Upgrade().state, RunState::kDone);
  EXPECT_THAT(test_.observer.events, Contains("blocked 0001"));
  EXPECT_THAT(test_.observer.events, Not(Contains("reconnect")));
}

TEST_F(HeartbeatTest, AHookMayTakeItsTime) {
  test_.settings.hooks.commands[HookPoint::kBeforeMigration] = {"/bin/sleep", "2"};
  EXPECT_EQ(test_.Upgrade().state, RunState::kDone);
  EXPECT_THAT(test_.observer.events, Not(Contains("reconnect")));
}

// Faults: P8.
TEST(AnUpgradeThatIsStopped, BetweenItsTransactionsGivesTheLockUpAndWritesNothingWhenItGoesOn) {
  const ProgramFixture test;
  if (!KnowsTheLimit(test.database)) GTEST_SKIP();
  test.Configure("migration_lock_idle_limit = \"1s\"\n");
  test.database.Sql("create table effects (revision text)");
  test.Add("0001_a", "insert into effects values ('0001');");
  test.Add("0002_b", "insert into effects values ('0002');");
  const auto stopped = test.Start({"upgrade"}, {{"LOCKSTEP_FAIL_POINT", "fence_bumped:stop"}});
  const auto observer = test.database.Open("observer").session;
  while (observer->Query("select to_regclass('lockstep.fence') is null").Bool(0, 0) ||
         observer->Query("select epoch = 0 from lockstep.fence").Bool(0, 0)) {
    ASSERT_FALSE(stopped->HasEnded());
  }
  const ProgramEnd other = test.Run({"upgrade"});
  EXPECT_EQ(other.exit_code, 0) << other.messages;
  stopped->Signal(SIGCONT);
  const ProgramEnd late = stopped->Wait();
  EXPECT_EQ(late.exit_code, 0) << late.messages;
  EXPECT_EQ(test.History(), "0001 0002");
  EXPECT_EQ(test.database.Value("select string_agg(revision, ' ') from effects"), "0001 0002");
}

}  // namespace
}  // namespace lockstep
