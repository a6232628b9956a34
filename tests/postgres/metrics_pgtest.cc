// What real runs do to the exposition, by value.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <set>

#include "agent/metrics.h"
#include "base/error.h"
#include "postgres/connection_pool.h"
#include "support/exposition.h"
#include "support/migrations_under_test.h"

namespace lockstep {
namespace {

using namespace std::chrono_literals;

constexpr Duration kNever = std::chrono::hours(1);
constexpr Duration kAtOnce = std::chrono::nanoseconds(1);

class MetricsOfRunsTest : public testing::Test {
 protected:
  MetricsOfRunsTest() {
    test_.database.Sql(
        "create table t (id int primary key); create table u (id int);"
        "insert into t values (1); insert into u values (1);");
    test_.also_told = {&target_};
    limits().young_holder = kNever;  // nobody is looked away from, unless a test wants it
    limits().look_interval = 5ms;
    limits().retry_pause = 1ms;
  }

  TableLockLimits& limits() { return test_.settings.table_locks; }

  // What `act` changed, but for times of the day, which are in `happened_`.
  template <typename Act>
  MetricChanges After(Act act) {
    const Exposition before = ParseExposition(metrics_.Exposition());
    act();
    MetricChanges changes = ChangesOf("shop", before, ParseExposition(metrics_.Exposition()));
    happened_.clear();
    std::erase_if(changes, [this](const auto& item) {
      const bool is_time = item.first.ends_with("_timestamp_seconds");
      if (is_time) happened_.insert(item.first);
      return is_time;
    });
    return changes;
  }
  MetricChanges AfterUpgrade() {
    return After([this] { state_ = test_.Upgrade().state; });
  }

  double Now(const std::string& name, const std::string& label = "",
             const std::string& value = "") const {
    SeriesRead series{.name = name, .labels = {{"target", "shop"}}};
    if (!label.empty()) series.labels[label] = value;
    return ParseExposition(metrics_.Exposition()).values.at(series);
  }

  std::unique_ptr<Session> InTransaction(const std::string& sql) {
    auto session = test_.database.Open().session;
    const Reply reply = session->Send("set search_path = public; begin; " + sql);
    EXPECT_TRUE(reply.ok()) << reply.error->message;
    return session;
  }
  void WaitUntil(const std::string& question) {
    const auto look = test_.database.Open().session;
    while (!look->Query(question).Bool(0, 0)) {
    }
  }

  MigrationsUnderTest test_;
  Metrics metrics_{test_.clock, [] { return LogCounts{}; }};
  TargetMetrics& target_ = metrics_.ForTarget("shop");
  RunState state_ = RunState::kNothingToDo;
  std::set<std::string> happened_;
};

// What every run that gets the migration lock changes, with one migration that ended in some way.
MetricChanges RunOfOne(const std::string& run_result, const std::string& migration_result,
                       MetricChanges more = {}) {
  more.insert(
      {{"lockstep_lock_attempts_total{result=\"acquired\"}", 1},
       {"lockstep_lock_wait_seconds_count", 1},
       {"lockstep_migration_runs_total{result=\"" + run_result + "\"}", 1},
       {"lockstep_migration_duration_seconds_count{result=\"" + migration_result + "\"}", 1},
       {"lockstep_table_lock_wait_seconds_count", 1}});
  return more;
}

const char* const kStatements = "lockstep_statements_total";
const char* const kHolds = "lockstep_table_lock_hold_seconds_count";
const char* const kStarted = "lockstep_migration_started_timestamp_seconds";
const char* const kSuccess = "lockstep_last_success_timestamp_seconds";
const char* const kFailure = "lockstep_last_failure_timestamp_seconds";

std::string LockAttempts(const std::string& outcome) {
  return "lockstep_table_lock_attempts_total{outcome=\"" + outcome + "\"}";
}
std::string Errors(const std::string& error_class) {
  return "lockstep_statement_errors_total{sqlstate_class=\"" + error_class + "\"}";
}
std::string Retries(const std::string& reason) {
  return "lockstep_retries_total{reason=\"" + reason + "\"}";
}
std::string Losses(const std::string& reason) {
  return "lockstep_lock_losses_total{reason=\"" + reason + "\"}";
}

// ---- Ends of a run ------------------------------------------------------------------------------

TEST_F(MetricsOfRunsTest, ASuccess) {
  test_.Add("0001_a",
            "create table a (id int); insert into a values (1); insert into a values (2)");
  double leader = 0, in_progress = 0;
  test_.observer.on_step_begin = [&] {
    leader = Now("lockstep_leader");
    in_progress = Now("lockstep_migration_in_progress");
  };
  EXPECT_EQ(AfterUpgrade(), RunOfOne("done", "applied", {{kStatements, 3}}));
  EXPECT_EQ(leader, 1);
  EXPECT_EQ(in_progress, 1);
  EXPECT_EQ(happened_, (std::set<std::string>{kStarted, kSuccess}));
  EXPECT_EQ(AfterUpgrade(),
            (MetricChanges{{"lockstep_migration_runs_total{result=\"nothing_to_do\"}", 1}}));
}

TEST_F(MetricsOfRunsTest, AWayBack) {
  test_.Add("0001_a", "create table a (id int)", "select 1; select 2;");
  test_.Upgrade();
  EXPECT_EQ(After([&] { test_.Downgrade("base"); }),
            RunOfOne("done", "rolled_back", {{kStatements, 2}}));
}

TEST_F(MetricsOfRunsTest, AFailureInTheSecondStatement) {
  test_.Add("0001_a", "create table a (id int); select nobody; create table b (id int);");
  EXPECT_EQ(AfterUpgrade(), RunOfOne("failed", "failed", {{kStatements, 2}, {Errors("42"), 1}}));
  EXPECT_EQ(happened_, (std::set<std::string>{kStarted, kFailure}));
}

TEST_F(MetricsOfRunsTest, AFailureUnderStrongLocks) {
  test_.Add("0001_a", "alter table t add column b int; select 1 / 0;");
  EXPECT_EQ(
      AfterUpgrade(),
      RunOfOne("failed", "failed",
               {{kStatements, 2}, {kHolds, 1}, {LockAttempts("failed"), 1}, {Errors("22"), 1}}));
}

TEST_F(MetricsOfRunsTest, ADeferredConstraint) {
  test_.Add("0001_a",
            "create table p (id int primary key);"
            "create table c (id int references p deferrable initially deferred);"
            "insert into c values (1);");
  EXPECT_EQ(AfterUpgrade(), RunOfOne("failed", "failed", {{kStatements, 3}, {Errors("23"), 1}}));
}

TEST_F(MetricsOfRunsTest, FilesThatAreWrong) {
  test_.Add("0001_a", "select 1; commit;");
  EXPECT_EQ(AfterUpgrade(),
            (MetricChanges{{"lockstep_migration_runs_total{result=\"invalid\"}", 1}}));
  EXPECT_EQ(happened_, std::set<std::string>{kFailure});
}

TEST_F(MetricsOfRunsTest, AStatementTimeout) {
  test_.Add("0001_a", "-- statement_timeout: 50ms\nselect pg_sleep(3600);");
  EXPECT_EQ(
      AfterUpgrade(),
      RunOfOne("failed", "failed",
               {{kStatements, 1}, {Errors("57"), 1}, {"lockstep_statement_timeouts_total", 1}}));
}

// Somebody else's cancel has the SQLSTATE of a timeout and is none.
// Faults: D17.
TEST_F(MetricsOfRunsTest, ACancelBySomebodyElse) {
  test_.Add("0001_a", "select pg_cancel_backend(pg_backend_pid()), pg_sleep(3600);");
  EXPECT_EQ(AfterUpgrade(), RunOfOne("failed", "failed", {{kStatements, 1}, {Errors("57"), 1}}));
}

TEST_F(MetricsOfRunsTest, AStop) {
  test_.Add("0001_a", "select pg_sleep(3600);");
  test_.observer.on_step_begin = [&] { test_.stop.RequestNow(); };
  MetricChanges changes = AfterUpgrade();
  changes.erase(kStatements);  // it may have come before the statement
  EXPECT_EQ(changes, RunOfOne("stopped", "stopped"));
}

TEST_F(MetricsOfRunsTest, AnErrorBeforeAnythingRan) {
  test_.Add("0001_a", "select 1;");
  test_.open = [](const SessionOptions&) -> OpenedSession {
    throw Error(ErrorCode::kUnreachable, "nobody there");
  };
  EXPECT_EQ(After([&] { EXPECT_THROW(test_.Upgrade(), Error); }),
            (MetricChanges{{"lockstep_migration_runs_total{result=\"error\"}", 1}}));
}

// ---- Outside a transaction ----------------------------------------------------------------------

TEST_F(MetricsOfRunsTest, StatementsOutsideATransaction) {
  test_.Add("0001_a",
            "-- transaction: off\ncreate index concurrently i on t (id);\n"
            "insert into t values (2);\nalter table t add column b int;");
  // Weak locks are asked for too; only the last statement's stop others.
  EXPECT_EQ(
      AfterUpgrade(),
      RunOfOne("done", "applied", {{kStatements, 3}, {LockAttempts("granted"), 2}, {kHolds, 1}}));
}

TEST_F(MetricsOfRunsTest, AFailureOutsideATransaction) {
  test_.Add("0001_a", "-- transaction: off\ninsert into t values (2);\nselect nobody;\nselect 1;");
  EXPECT_EQ(AfterUpgrade(), RunOfOne("failed", "failed", {{kStatements, 2}, {Errors("42"), 1}}));
}

// ---- Table locks --------------------------------------------------------------------------------

TEST_F(MetricsOfRunsTest, AStrongLockThatIsFree) {
  test_.Add("0001_a", "alter table t add column b int;");
  EXPECT_EQ(
      AfterUpgrade(),
      RunOfOne("done", "applied", {{kStatements, 1}, {kHolds, 1}, {LockAttempts("granted"), 1}}));
}

TEST_F(MetricsOfRunsTest, ALockTimeoutAndAnotherTry) {
  test_.Add("0001_a", "alter table t add column b int;");
  const auto reader = InTransaction("select * from t");
  test_.observer.on_retry = [&] { reader->Send("rollback"); };
  EXPECT_EQ(AfterUpgrade(), RunOfOne("done", "applied",
                                     {{kStatements, 1},
                                      {kHolds, 1},
                                      {LockAttempts("lock_timeout"), 1},
                                      {LockAttempts("granted"), 1},
                                      {Retries("lock_timeout"), 1},
                                      {"lockstep_lock_timeouts_total", 1},
                                      {Errors("55"), 1}}));
}

TEST_F(MetricsOfRunsTest, AMigrationThatIsDeferred) {
  limits().young_holder = kAtOnce;
  limits().lock_deadline = 100ms;
  test_.Add("0001_a", "alter table t add column b int;");
  const auto reader = InTransaction("select * from t");
  double blockers = 0, age = 0;
  test_.observer.on_blocked = [&] {
    blockers = Now("lockstep_blockers", "class", "idle_in_transaction");
    age = Now("lockstep_blocker_age_seconds");
  };
  EXPECT_EQ(AfterUpgrade(), RunOfOne("deferred", "deferred")) << "it did not even knock";
  EXPECT_EQ(blockers, 1);
  EXPECT_GT(age, 0);
  EXPECT_EQ(happened_, std::set<std::string>{kStarted}) << "neither a success nor a failure";
}

TEST_F(MetricsOfRunsTest, TheWaitForATableIsObserved) {
  limits().young_holder = kAtOnce;
  test_.Add("0001_a", "alter table t add column b int;");
  const auto reader = InTransaction("select * from t");
  test_.observer.on_blocked = [&] { reader->Send("rollback"); };
  RunReport report;
  After([&] { report = test_.Upgrade(); });
  EXPECT_GT(report.steps[0].lock_wait_seconds, 0);
  EXPECT_DOUBLE_EQ(Now("lockstep_table_lock_wait_seconds_sum"), report.steps[0].lock_wait_seconds);
}

// Faults: D10.
TEST_F(MetricsOfRunsTest, ADeadlock) {
  limits().ladder = {kNever};
  limits().next_lock_timeout = limits().acquire_timeout = kNever;
  limits().max_victim_wait = limits().max_hold = kNever;
  test_.Add("0001_a", "alter table t add column c int; alter table u add column c int;");
  const auto app = InTransaction("insert into u values (2)");
  // The server chooses who looks first, and each looks once: the run, when both wait.
  test_.database.Sql("alter database " + test_.database.name() + " set deadlock_timeout = '3s'");
  ASSERT_TRUE(app->Send("set local deadlock_timeout = '1h'").ok());
  EXPECT_EQ(After([&] {
              auto run = std::async(std::launch::async, [&] { return test_.Upgrade().state; });
              WaitUntil(SomebodyWaitsSql("relation = 'public.u'::regclass"));
              EXPECT_TRUE(app->Send("select * from public.t").ok());
              app->Send("rollback");
              EXPECT_EQ(run.get(), RunState::kDone);
            }),
            RunOfOne("done", "applied",
                     {{kStatements, 2},
                      {kHolds, 1},
                      {LockAttempts("deadlock"), 1},
                      {LockAttempts("granted"), 1},
                      {Retries("deadlock"), 1},
                      {"lockstep_deadlocks_total", 1},
                      {Errors("40"), 1}}));
}

TEST_F(MetricsOfRunsTest, WorkThatIsTooLongForItsLocks) {
  limits().max_hold = 50ms;
  test_.Add("0001_a", "alter table t add column c int; select pg_sleep(3600);");
  MetricChanges changes = AfterUpgrade();
  // The server's limit and the breaker's come at the same moment; either may be the first. How far
  // an attempt comes until then is nobody's promise.
  changes.erase(kStatements);
  changes.erase("lockstep_breaker_cancels_total{cause=\"max_hold\"}");
  EXPECT_EQ(changes, RunOfOne("deferred", "deferred",
                              {{kHolds, 3},
                               {LockAttempts("max_hold"), 3},
                               {Retries("max_hold"), 2},
                               {Errors("57"), 3}}));
}

TEST_F(MetricsOfRunsTest, TheBreaker) {
  limits().max_victims = 1;
  limits().max_victim_wait = limits().max_hold = limits().next_lock_timeout = kNever;
  test_.Add("0001_a", "alter table t add column c int; select pg_advisory_xact_lock(1);");
  const auto gate = InTransaction("select pg_advisory_xact_lock(1)");
  const auto victim = test_.database.Open().session;
  test_.observer.on_retry = [&] { gate->Send("rollback"); };
  EXPECT_EQ(After([&] {
              auto run = std::async(std::launch::async, [&] { return test_.Upgrade().state; });
              WaitUntil(SomebodyWaitsSql("locktype = 'advisory'"));
              EXPECT_TRUE(victim->Send("select * from public.t").ok());
              EXPECT_EQ(run.get(), RunState::kDone);
            }),
            RunOfOne("done", "applied",
                     {{kStatements, 4},
                      {kHolds, 1},
                      {LockAttempts("breaker"), 1},
                      {LockAttempts("granted"), 1},
                      {Retries("breaker"), 1},
                      {"lockstep_breaker_cancels_total{cause=\"victims\"}", 1},
                      {Errors("57"), 1}}));
}

// Tells the test when the watcher has seen somebody wait.
class VictimListener : public RunObserver {
 public:
  void OnVictims(int victims, double longest_wait_seconds) override {
    if (victims > 0 && longest_wait_seconds > 0 && on_victims) on_victims();
  }
  std::function<void()> on_victims;
};

TEST_F(MetricsOfRunsTest, VictimsAreShownWhileTheyWait) {
  limits().max_victims = 1'000'000;
  limits().max_victim_wait = limits().max_hold = limits().next_lock_timeout = kNever;
  test_.Add("0001_a", "alter table t add column c int; select pg_advisory_xact_lock(1);");
  const auto gate = InTransaction("select pg_advisory_xact_lock(1)");
  const auto victim = test_.database.Open().session;
  VictimListener listener;
  test_.also_told.push_back(&listener);
  double victims = 0, wait = 0;
  listener.on_victims = [&] {
    victims = Now("lockstep_victims");
    wait = Now("lockstep_victim_max_wait_seconds");
    gate->Send("rollback");
    listener.on_victims = {};
  };
  auto run = std::async(std::launch::async, [&] { return test_.Upgrade().state; });
  WaitUntil(SomebodyWaitsSql("locktype = 'advisory'"));
  EXPECT_TRUE(victim->Send("select * from public.t").ok());
  EXPECT_EQ(run.get(), RunState::kDone);
  EXPECT_EQ(victims, 1);
  EXPECT_GT(wait, 0);
  EXPECT_EQ(Now("lockstep_victims"), 0);
  EXPECT_EQ(Now("lockstep_victim_max_wait_seconds"), 0);
}

TEST_F(MetricsOfRunsTest, ATableThatIsReplacedBetweenTheLookAndTheKnock) {
  test_.database.Sql("create table v (id int)");
  test_.Add("0001_a", "lock table t in share mode; drop table if exists v;");
  bool dropped = false;
  test_.settings.blocker_query = QueryDisclosure::kOff;
  test_.open = [&](const SessionOptions& options) {
    // The lookout is opened between finding what to lock and asking for it.
    if (options.purpose == "watch" && !dropped) test_.database.Sql("drop table v");
    dropped = dropped || options.purpose == "watch";
    return test_.database.factory()(options);
  };
  const MetricChanges changes = AfterUpgrade();
  EXPECT_EQ(state_, RunState::kDone);
  EXPECT_EQ(changes.at(LockAttempts("table_gone")), 1);
  EXPECT_EQ(changes.at(Retries("table_gone")), 1);
  EXPECT_EQ(changes.at(LockAttempts("granted")), 1);
}

// ---- The migration lock and the session ---------------------------------------------------------

class MigrationLockMetricsTest : public MetricsOfRunsTest {
 protected:
  MigrationLockMetricsTest() {
    test_.Add("0001_a", "select 1;");
    test_.Upgrade();
    test_.Add("0002_b", "create table b (id int);");
  }
  LockKey Key() {
    const auto session = test_.database.Open().session;
    return {kMigrationLockSpace, *ReadLook(*session, test_.settings.names).bookkeeping.history_oid};
  }
};

TEST_F(MigrationLockMetricsTest, Busy) {
  test_.settings.migration_lock_wait = 1ms;
  const OpenedSession holder = test_.database.Open("holder");
  ASSERT_TRUE(TryLock(*holder.session, Key()));
  EXPECT_EQ(AfterUpgrade(), (MetricChanges{{"lockstep_lock_attempts_total{result=\"busy\"}", 1},
                                           {"lockstep_lock_wait_seconds_count", 1},
                                           {"lockstep_migration_runs_total{result=\"busy\"}", 1}}));
}

TEST_F(MigrationLockMetricsTest, WaitedForAndHad) {
  OpenedSession holder = test_.database.Open("holder");
  ASSERT_TRUE(TryLock(*holder.session, Key()));
  test_.observer.on_waiting = [&] { holder.session.reset(); };
  RunReport report;
  const double before = Now("lockstep_lock_wait_seconds_sum");
  EXPECT_EQ(After([&] { report = test_.Upgrade(); }),
            RunOfOne("done", "applied", {{kStatements, 1}}));
  EXPECT_GT(report.lock_wait_seconds, 0);
  EXPECT_DOUBLE_EQ(Now("lockstep_lock_wait_seconds_sum") - before, report.lock_wait_seconds);
}

TEST_F(MigrationLockMetricsTest, NotNeededAnyMore) {
  const OpenedSession holder = test_.database.Open("holder");
  ASSERT_TRUE(TryLock(*holder.session, Key()));
  const RunIdentity run = BumpFence(*holder.session, test_.settings.names);
  test_.observer.on_waiting = [&] {
    if (test_.ReadHistory().IsApplied("0002")) return;
    HistoryChange change;
    change.revision = "0002";
    change.kind = "stamped";
    change.parents = {"0001"};
    change.up_checksum = MigrationFolder::Load(test_.files).Find("0002")->up.checksum;
    change.attempt = "f81d4fae-7dec-41d0-a765-00a0c91e6bf6";
    RecordChanges(*holder.session, test_.settings.names, run, {change}, {});
  };
  EXPECT_EQ(AfterUpgrade(),
            (MetricChanges{{"lockstep_lock_attempts_total{result=\"not_needed\"}", 1},
                           {"lockstep_lock_wait_seconds_count", 1},
                           {"lockstep_migration_runs_total{result=\"nothing_to_do\"}", 1}}));
}

TEST_F(MigrationLockMetricsTest, LostWithItsSession) {
  bool ended = false;
  test_.observer.on_step_begin = [&] {
    if (ended) return;
    ended = true;
    test_.database.Value(
        "select pg_terminate_backend(pid, 60000) from pg_stat_activity"
        " where datname = current_database() and application_name = 'lockstep/upgrade'");
  };
  MetricChanges expected =
      RunOfOne("done", "applied",
               {{kStatements, 1}, {Losses("connection_lost"), 1}, {Retries("session_lost"), 1}});
  // The second session takes it anew.
  expected["lockstep_lock_attempts_total{result=\"acquired\"}"] = 2;
  expected["lockstep_lock_wait_seconds_count"] = 2;
  EXPECT_EQ(AfterUpgrade(), expected);
  EXPECT_TRUE(ended);
}

TEST_F(MigrationLockMetricsTest, TakenOverByAnotherRun) {
  bool overtaken = false;
  test_.observer.on_step_begin = [&] {
    if (!overtaken) BumpFence(*test_.database.Open().session, test_.settings.names);
    overtaken = true;
  };
  const MetricChanges changes = AfterUpgrade();
  EXPECT_EQ(state_, RunState::kDone);
  EXPECT_EQ(changes.at(Losses("fenced")), 1);
  EXPECT_EQ(changes.at(Retries("session_lost")), 1);
  EXPECT_EQ(Now("lockstep_leader"), 0);
}

TEST_F(MigrationLockMetricsTest, LostForGood) {
  test_.settings.reconnects = 0;
  test_.observer.on_step_begin = [&] {
    test_.database.Value(
        "select pg_terminate_backend(pid, 60000) from pg_stat_activity"
        " where datname = current_database() and application_name = 'lockstep/upgrade'");
  };
  EXPECT_EQ(After([&] { EXPECT_THROW(test_.Upgrade(), Error); }),
            (MetricChanges{{"lockstep_lock_attempts_total{result=\"acquired\"}", 1},
                           {"lockstep_lock_wait_seconds_count", 1},
                           {Losses("connection_lost"), 1},
                           {"lockstep_migration_runs_total{result=\"error\"}", 1}}));
  EXPECT_EQ(Now("lockstep_migration_in_progress"), 0);
}

// ---- Hooks and backups --------------------------------------------------------------------------

std::string Hooks(const std::string& hook, const std::string& result) {
  return "lockstep_hook_runs_total{hook=\"" + hook + "\",result=\"" + result + "\"}";
}

TEST_F(MetricsOfRunsTest, AHookThatStopsTheRun) {
  test_.Add("0001_a", "select 1;");
  test_.settings.hooks.commands[HookPoint::kBeforeRun] = {"/bin/false"};
  EXPECT_EQ(AfterUpgrade(), (MetricChanges{{"lockstep_lock_attempts_total{result=\"acquired\"}", 1},
                                           {"lockstep_lock_wait_seconds_count", 1},
                                           {"lockstep_migration_runs_total{result=\"failed\"}", 1},
                                           {Hooks("before_run", "failure"), 1}}));
}

TEST_F(MetricsOfRunsTest, HooksAroundWhatFails) {
  test_.Add("0001_a", "select nobody;");
  auto& commands = test_.settings.hooks.commands;
  commands[HookPoint::kBeforeRun] = commands[HookPoint::kBeforeMigration] = {"/bin/true"};
  commands[HookPoint::kAfterMigration] = commands[HookPoint::kAfterRun] = {"/bin/true"};
  commands[HookPoint::kOnFailure] = {"/nonexistent"};
  EXPECT_EQ(AfterUpgrade(), RunOfOne("failed", "failed",
                                     {{kStatements, 1},
                                      {Errors("42"), 1},
                                      {Hooks("before_run", "success"), 1},
                                      {Hooks("before_migration", "success"), 1},
                                      {Hooks("on_failure", "failure"), 1},
                                      {Hooks("after_run", "success"), 1}}));
}

TEST_F(MetricsOfRunsTest, AHookThatTakesTooLong) {
  test_.Add("0001_a", "select 1;");
  test_.settings.hooks.commands[HookPoint::kAfterRun] = {"/bin/cat", "/dev/zero"};
  test_.settings.hooks.timeout = 50ms;
  EXPECT_EQ(AfterUpgrade(),
            RunOfOne("done", "applied", {{kStatements, 1}, {Hooks("after_run", "timeout"), 1}}));
}

class BackupMetricsTest : public MetricsOfRunsTest {
 protected:
  BackupMetricsTest() {
    std::string path = (std::filesystem::temp_directory_path() / "metrics-XXXXXX").string();
    folder_ = ::mkdtemp(path.data());
    test_.settings.backup.directory = folder_;
    test_.Add("0001_a", "select 1;");
  }
  ~BackupMetricsTest() override { std::filesystem::remove_all(folder_); }

  std::string folder_;
};

TEST_F(BackupMetricsTest, Made) {
  MetricChanges changes = AfterUpgrade();
  const auto file = std::filesystem::directory_iterator(folder_)->path();
  EXPECT_EQ(changes, RunOfOne("done", "applied",
                              {{kStatements, 1},
                               {"lockstep_backups_total{result=\"success\"}", 1},
                               {"lockstep_backup_size_bytes",
                                static_cast<double>(std::filesystem::file_size(file))}}));
  EXPECT_TRUE(happened_.contains("lockstep_backup_timestamp_seconds"));
}

TEST_F(BackupMetricsTest, Failed) {
  test_.settings.backup.program = "/bin/false";
  EXPECT_EQ(AfterUpgrade(), (MetricChanges{{"lockstep_lock_attempts_total{result=\"acquired\"}", 1},
                                           {"lockstep_lock_wait_seconds_count", 1},
                                           {"lockstep_migration_runs_total{result=\"failed\"}", 1},
                                           {"lockstep_backups_total{result=\"failure\"}", 1}}));
}

// ---- The pool -----------------------------------------------------------------------------------

TEST_F(MetricsOfRunsTest, APoolWithoutAFreeSession) {
  SystemClock clock;
  ConnectionPool pool(test_.database.factory(), {.size = 1, .wait = kAtOnce}, clock,
                      [this](double seconds) { target_.OnPoolWait(seconds); });
  const auto borrow = [&pool] { return pool.Borrow({}); };
  const OpenedSession held = borrow();
  const MetricChanges changes = After([&] {
    EXPECT_THROW(borrow(), Error);
    target_.OnPool(pool.figures());
  });
  EXPECT_EQ(changes, (MetricChanges{{"lockstep_pool_timeouts_total{pool=\"reads\"}", 1},
                                    {"lockstep_pool_wait_seconds_count{pool=\"reads\"}", 1},
                                    {"lockstep_pool_connections{pool=\"reads\",state=\"busy\"}", 1},
                                    {"lockstep_pool_connections_max{pool=\"reads\"}", 1}}));
}

}  // namespace
}  // namespace lockstep
