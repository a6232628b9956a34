// How a run meets PostgreSQL's own autovacuum: real workers, on a server of the test's own, made so
// slow that only somebody's doing ends them while a test lasts.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <stdexcept>
#include <string>

#include "core/migration_folder.h"
#include "engine/runner.h"
#include "postgres/sandbox.h"
#include "support/map_file_tree.h"
#include "support/migrations_under_test.h"

namespace lockstep {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::Not;

// Each of its 1143 pages costs the worker 100 ms at least.
constexpr const char* kSlowTable =
    "create table t (id int, filler text) with (autovacuum_enabled = off,"
    " autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0,"
    " autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1);"
    "insert into t select n, repeat('x', 1000) from generate_series(1, 8000) n";

// One transaction id for each block that has a handler and writes.
constexpr const char* kSpendTransactionIds =
    "create table spent (id int);"
    "do $$ begin for n in 1 .. 100001 loop"
    "  begin insert into spent values (n); exception when others then raise; end;"
    "end loop; end $$";

class AutovacuumTest : public ::testing::Test {
 protected:
  AutovacuumTest() : url_(server_.url()) {
    Ask("alter system set autovacuum_naptime = '1s'");
    Ask("select pg_reload_conf()");
    // The lower OID: a migration locks it first.
    Ask("create table u (id int)");
    Ask(kSlowTable);
    settings_.table_locks.look_interval = 5ms;
    settings_.table_locks.retry_pause = 1ms;
    settings_.table_locks.lock_deadline = 30s;  // less than the vacuum takes
    files_.PutPair("0001_a", "alter table t add column a int;", "select 1;");
  }

  // As the superuser. The first field of the last result's first row; "" when there is none.
  std::string Ask(const std::string& sql) {
    const auto session = OpenSession(server_.url(), {.purpose = "test"}).session;
    session->Send("set search_path = public");
    const Reply reply = session->Send(sql, Keep::kRows);
    if (!reply.ok()) throw std::runtime_error(reply.error->message + " in: " + sql);
    return reply.rows.empty() || reply.rows.back().empty() ? "" : reply.rows.back().Text(0, 0);
  }

  // Gives the autovacuum a reason to work on `t`, and returns its worker's pid once it does.
  std::string StartVacuum() {
    Ask("delete from t");
    Ask("alter table t reset (autovacuum_enabled)");
    return AwaitVacuum();
  }

  std::string AwaitVacuum() {
    std::string worker;
    while (worker.empty()) worker = Vacuuming();
    return worker;
  }

  std::string Vacuuming() {
    return Ask(
        "select pid from pg_stat_progress_vacuum where relid = 't'::regclass"
        " and heap_blks_scanned > 0");
  }

  // How many of them were not cancelled.
  std::string FinishedVacuums() {
    return Ask("select autovacuum_count from pg_stat_user_tables where relname = 't'");
  }

  // A role that sees who is in the way, and may do what the migration does.
  std::string MakeRole() {
    Ask("create role app login password 'secret' in role pg_monitor;"
        "alter table t owner to app; grant create on database postgres to app;"
        "grant create on schema public to app");
    url_ = server_.url().With("user", "app").With("password", "secret");
    return "app";
  }

  RunReport Upgrade() {
    const MigrationFolder folder = MigrationFolder::Load(files_);
    const SessionFactory open = [this](const SessionOptions& options) {
      return OpenSession(url_, options);
    };
    return lockstep::Run({.folder = folder,
                          .settings = settings_,
                          .open = open,
                          .url = url_,
                          .clock = clock_,
                          .observer = observer_,
                          .stop = stop_.tokens(),
                          .random = random_},
                         {Direction::kUp, std::get<Goal>(ParseGoal("head"))});
  }

  Sandbox server_;
  ConnectionUrl url_;  // the run's
  MapFileTree files_;
  RunSettings settings_;
  SystemClock clock_;
  RecordingObserver observer_;
  StopSource stop_;
  std::mt19937_64 random_{20251120};
};

TEST_F(AutovacuumTest, GivesWayToARunThatMayHurryIt) {
  StartVacuum();
  const RunReport report = Upgrade();
  EXPECT_EQ(report.state, RunState::kDone) << ProblemOf(report);
  EXPECT_THAT(observer_.events, Not(Contains("blocked 0001")));
  EXPECT_EQ(FinishedVacuums(), "0") << "it would have taken minutes";
}

TEST_F(AutovacuumTest, GivesWayAlsoOnATableThatIsNotTheFirstToBeLocked) {
  files_.PutPair("0001_a", "alter table t add column a int; alter table u add column a int;",
                 "select 1;");
  ASSERT_EQ(Ask("select 'u'::regclass::oid < 't'::regclass::oid"), "t");
  StartVacuum();
  const RunReport report = Upgrade();
  EXPECT_EQ(report.state, RunState::kDone) << ProblemOf(report);
  EXPECT_EQ(FinishedVacuums(), "0");
}

TEST_F(AutovacuumTest, GivesWayToARoleThatWasGrantedTheDeadlockTimeout) {
  if (Ask("select current_setting('server_version_num')::int < 150000") == "t") GTEST_SKIP();
  Ask("grant set on parameter deadlock_timeout to " + MakeRole());
  StartVacuum();
  const RunReport report = Upgrade();
  EXPECT_EQ(report.state, RunState::kDone) << ProblemOf(report);
  EXPECT_EQ(FinishedVacuums(), "0");
}

TEST_F(AutovacuumTest, IsWaitedForByARoleThatMayNotHurryIt) {
  MakeRole();
  const std::string worker = StartVacuum();
  int looks = 0;
  std::string requests;
  observer_.on_blocked = [&] {
    requests +=
        Ask("select count(*) from pg_locks where relation = 't'::regclass and pid <> " + worker);
    // The superuser's wait makes the worker leave, and no other one comes.
    if (++looks == 3)
      Ask("set deadlock_timeout = '1ms'; alter table t set (autovacuum_enabled = off)");
  };
  const RunReport report = Upgrade();
  ASSERT_EQ(report.state, RunState::kDone) << ProblemOf(report);
  EXPECT_EQ(requests, "000");
  EXPECT_EQ(report.steps[0].attempts, 1) << "it asked for the table once, when the vacuum was gone";
  ASSERT_EQ(observer_.blockers.size(), 1U);
  EXPECT_EQ(std::to_string(observer_.blockers[0].pid), worker);
  EXPECT_EQ(observer_.blockers[0].kind, BlockerKind::kAutovacuum);
}

// Faults: D15.
TEST_F(AutovacuumTest, IsNotHurriedWhenItPreventsWraparound) {
  Ask("alter table t set (autovacuum_freeze_max_age = 100000)");
  Ask(kSpendTransactionIds);
  const std::string worker = AwaitVacuum();
  settings_.table_locks.lock_deadline = 1s;  // longer than it takes to hurry a worker
  const RunReport report = Upgrade();
  ASSERT_EQ(report.state, RunState::kDeferred) << ProblemOf(report);
  const std::vector<Blocker>& blockers = std::get<Deferred>(report.steps[0].result).blockers;
  ASSERT_EQ(blockers.size(), 1U);
  EXPECT_EQ(blockers[0].kind, BlockerKind::kWraparound);
  EXPECT_EQ(Vacuuming(), worker) << "it goes on";
  EXPECT_THAT(observer_.events, Not(Contains("retry 0001 55P03"))) << "nothing was asked for";
}

}  // namespace
}  // namespace lockstep
