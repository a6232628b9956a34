#include "agent/metrics.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <set>
#include <thread>

#include "base/descriptor.h"
#include "base/subprocess.h"
#include "support/exposition.h"

namespace lockstep {
namespace {

using testing::IsEmpty;

constexpr double kNow = 1795603238.25;  // since the epoch, and not whole

// Goes only when a test sets it. Thread: any that only looks.
class StandingClock : public Clock {
 public:
  SteadyTime Now() const override { return {}; }
  WallTime WallNow() const override {
    const std::chrono::duration<double> since_epoch(now);
    return WallTime(std::chrono::duration_cast<WallTime::duration>(since_epoch));
  }
  bool SleepUntil(SteadyTime, std::stop_token) override { return false; }

  double now = kNow;
};

class MetricsTest : public testing::Test {
 protected:
  Exposition Read() const { return ParseExposition(metrics_.Exposition()); }

  // Of the target "shop", by what `act` does.
  template <typename Act>
  MetricChanges After(Act act, const std::string& target = "shop") {
    TargetMetrics& shop = metrics_.ForTarget("shop");
    const Exposition before = Read();
    act(shop);
    MetricChanges changes = ChangesOf(target, before, Read());
    std::erase_if(changes, [](const auto& item) { return item.first.starts_with("process_"); });
    return changes;
  }

  std::string Promtool() const {
    SubprocessRequest request;
    request.command = {"promtool", "check", "metrics"};
    request.standard_input = metrics_.Exposition();
    const SubprocessResult result = RunSubprocess(request);
    return result.ok() ? result.output + result.error_output
                       : "it failed: " + result.output + result.error_output;
  }

  StandingClock clock_;
  LogCounts log_;
  Metrics metrics_{clock_, [this] { return log_; }};
};

Step SomeStep() { return {.revision = "68db6a7fba94"}; }

TargetStatus StatusWith(DatabaseSight sight) {
  TargetStatus status;
  status.reachable = true;
  status.sight = std::make_shared<const DatabaseSight>(std::move(sight));
  return status;
}

Blocker BlockerOf(BlockerKind kind, double age) {
  Blocker blocker;
  blocker.kind = kind;
  blocker.transaction_age_seconds = age;
  return blocker;
}

SqlError ErrorOf(const std::string& sqlstate) {
  SqlError error;
  error.sqlstate = sqlstate;
  return error;
}

// ---- Every series, from the start ---------------------------------------------------------------

// Everything that can be told of a target, once; then the same of the agent.
void TellEverything(TargetMetrics& target) {
  target.OnStatus(StatusWith({.applied = {"a"}, .victims = 1, .worst_victim_wait_seconds = 2}));
  for (const char* source : {"start", "nobody knows"}) target.OnTrigger(source);
  for (const bool succeeded : {true, false}) target.OnConnection(succeeded);
  target.OnPool({.idle = 1, .busy = 1, .most = 2, .pending_requests = 1, .timeouts = 1});
  target.OnPoolWait(1);
  target.OnMigrationLock(1);
  for (const LockMiss miss : {LockMiss::kBusy, LockMiss::kNotNeeded, LockMiss::kStopped}) {
    target.OnMigrationLockMissed(miss, 1);
  }
  target.OnBackup("/dump", 1);
  target.OnBackupFailed(Error(ErrorCode::kSubprocess, ""));
  for (const HookPoint point :
       {HookPoint::kBeforeRun, HookPoint::kAfterRun, HookPoint::kBeforeMigration,
        HookPoint::kAfterMigration, HookPoint::kOnFailure}) {
    target.OnHook({.point = point});
    target.OnHook({.point = point, .problem = "it did not"});
    target.OnHook({.point = point, .timed_out = true, .problem = "it did not"});
  }
  target.OnStepBegin(SomeStep(), 0, 1);
  for (int kind = 0; kind <= static_cast<int>(BlockerKind::kDdl); ++kind) {
    target.OnBlocked(SomeStep(), {BlockerOf(static_cast<BlockerKind>(kind), 1)});
  }
  target.OnVictims(1, 1);
  for (int outcome = 0; outcome <= static_cast<int>(AttemptOutcome::kTableGone); ++outcome) {
    for (const char* state : {"42P01", "LS005", "ZZZZZ"}) {
      target.OnAttempt(SomeStep(), {.outcome = static_cast<AttemptOutcome>(outcome),
                                    .again = true,
                                    .table_locks = true,
                                    .strong = true,
                                    .error = ErrorOf(state)});
    }
  }
  for (const auto cause : {BreakCause::kVictims, BreakCause::kVictimWait, BreakCause::kMaxHold}) {
    target.OnAttempt(SomeStep(), {.broken = cause});
  }
  const std::vector<StepResult> results = {Applied{}, Failed{}, Deferred{}, Stopped{}, Unknown{}};
  for (const StepResult& result : results) {
    for (const Direction direction : {Direction::kUp, Direction::kDown}) {
      target.OnStepEnd(SomeStep(), {.direction = direction, .result = result});
    }
  }
  for (int code = 0; code <= static_cast<int>(ErrorCode::kInternal); ++code) {
    target.OnMigrationLock(0);
    target.OnSessionLost(Error(static_cast<ErrorCode>(code), ""));
    target.OnRunError(Error(static_cast<ErrorCode>(code), ""));
  }
  for (int state = 0; state <= static_cast<int>(RunState::kUnknown); ++state) {
    target.OnRunEnd({.state = static_cast<RunState>(state)});
  }
}

std::set<SeriesRead> SeriesOf(const Exposition& exposition) {
  std::set<SeriesRead> series;
  for (const auto& [one, value] : exposition.values) series.insert(one);
  return series;
}

TEST_F(MetricsTest, NothingThatIsToldMakesASeriesThatWasNotThereFromTheStart) {
  TargetMetrics& shop = metrics_.ForTarget("shop");
  const auto at_start = SeriesOf(Read());
  TellEverything(shop);
  EXPECT_EQ(SeriesOf(Read()), at_start);
}

TEST_F(MetricsTest, EverySeriesOfATargetBeginsAtZero) {
  metrics_.ForTarget("shop");
  int series_of_shop = 0;
  for (const auto& [series, value] : Read().values) {
    if (!series.labels.contains("target")) continue;
    EXPECT_EQ(value, 0) << ToText(series);
    ++series_of_shop;
  }
  EXPECT_GT(series_of_shop, 100);
}

// Faults: M5.
TEST_F(MetricsTest, LabelsAreFewAndNoneNamesARevisionAFileOrAProcess) {
  TellEverything(metrics_.ForTarget("shop"));
  const std::set<std::string> allowed = {
      "target",         "result", "reason", "outcome", "cause",   "class", "hook",  "source",
      "sqlstate_class", "pool",   "state",  "le",      "handler", "code",  "level", "version"};
  for (const auto& [series, value] : Read().values) {
    for (const auto& [label, text] : series.labels) {
      EXPECT_TRUE(allowed.contains(label)) << ToText(series);
      EXPECT_NE(text, SomeStep().revision);
    }
  }
}

std::string WithoutProcess(const Metrics& metrics) {
  const std::string text = metrics.Exposition();
  return text.substr(0, text.find("# HELP process_"));
}

TEST_F(MetricsTest, TheTextIsSortedSoThatItDoesNotTellWhichTargetCameFirst) {
  Metrics other(clock_, [this] { return log_; });
  for (const char* name : {"shop", "blog", "a", "b"}) metrics_.ForTarget(name);
  for (const char* name : {"b", "a", "blog", "shop"}) other.ForTarget(name);
  EXPECT_EQ(WithoutProcess(metrics_), WithoutProcess(other));
  EXPECT_TRUE(std::ranges::is_sorted(Read().families, {}, &MetricFamilyRead::name));
  const std::string text = metrics_.Exposition();
  EXPECT_LT(text.find("lockstep_triggers_total{target=\"blog\",source=\"api\"}"),
            text.find("lockstep_triggers_total{target=\"blog\",source=\"folder\"}"));
  EXPECT_LT(text.find("lockstep_triggers_total{target=\"blog\",source=\"start\"}"),
            text.find("lockstep_triggers_total{target=\"shop\",source=\"api\"}"));
}

TEST_F(MetricsTest, PromtoolHasNothingToSay) {
  TellEverything(metrics_.ForTarget("shop"));
  metrics_.ForTarget("blog");
  EXPECT_EQ(Promtool(), "");
}

// ---- Each call changes what it should and nothing else ------------------------------------------

struct ToldCase {
  std::string name;
  std::function<void(TargetMetrics&)> act;
  MetricChanges changes;
};

// By the test's name.
std::string NameOf(const testing::TestParamInfo<ToldCase>& info) { return info.param.name; }

class MetricsOfTest : public MetricsTest, public testing::WithParamInterface<ToldCase> {};

TEST_P(MetricsOfTest, ChangesExactlyItsSeries) {
  EXPECT_EQ(After(GetParam().act), GetParam().changes);
}

AttemptReport Attempt(AttemptOutcome outcome, const std::string& sqlstate = "") {
  AttemptReport report{.outcome = outcome, .statements = 1};
  if (!sqlstate.empty()) report.error = ErrorOf(sqlstate);
  return report;
}

AttemptReport LockAttempt(AttemptOutcome outcome, const std::string& sqlstate = "") {
  AttemptReport report = Attempt(outcome, sqlstate);
  report.table_locks = report.strong = true;
  report.statements = 0;
  return report;
}

ToldCase AttemptCase(const std::string& name, const AttemptReport& report,
                     const MetricChanges& changes) {
  return {name, [report](TargetMetrics& target) { target.OnAttempt(SomeStep(), report); }, changes};
}

ToldCase LostAttemptCase(const std::string& name, AttemptReport report,
                         const MetricChanges& changes) {
  report.again = true;
  return AttemptCase(name, report, changes);
}

INSTANTIATE_TEST_SUITE_P(
    Attempts, MetricsOfTest,
    testing::Values(
        AttemptCase("Done", {.statements = 3}, {{"lockstep_statements_total", 3}}),
        AttemptCase("DoneUnderStrongLocks", LockAttempt(AttemptOutcome::kDone),
                    {{"lockstep_table_lock_attempts_total{outcome=\"granted\"}", 1},
                     {"lockstep_table_lock_hold_seconds_count", 1}}),
        AttemptCase("DoneUnderWeakLocks", {.table_locks = true},
                    {{"lockstep_table_lock_attempts_total{outcome=\"granted\"}", 1}}),
        AttemptCase("FailedByItsStatement", Attempt(AttemptOutcome::kFailed, "23505"),
                    {{"lockstep_statements_total", 1},
                     {"lockstep_statement_errors_total{sqlstate_class=\"23\"}", 1}}),
        AttemptCase("FailedUnderStrongLocks", LockAttempt(AttemptOutcome::kFailed, "42703"),
                    {{"lockstep_table_lock_attempts_total{outcome=\"failed\"}", 1},
                     {"lockstep_table_lock_hold_seconds_count", 1},
                     {"lockstep_statement_errors_total{sqlstate_class=\"42\"}", 1}}),
        AttemptCase("FailedInAClassOfItsOwn", Attempt(AttemptOutcome::kFailed, "ZZ000"),
                    {{"lockstep_statements_total", 1},
                     {"lockstep_statement_errors_total{sqlstate_class=\"other\"}", 1}}),
        AttemptCase("FailedBecauseTheBodyGaveTheLockBack",
                    Attempt(AttemptOutcome::kFailed, "LS005"),
                    {{"lockstep_statements_total", 1},
                     {"lockstep_lock_losses_total{reason=\"released\"}", 1},
                     {"lockstep_statement_errors_total{sqlstate_class=\"LS\"}", 1}}),
        AttemptCase("StoppedIsNoError", Attempt(AttemptOutcome::kStopped, "57014"),
                    {{"lockstep_statements_total", 1}}),
        AttemptCase("StatementTimeout",
                    {.outcome = AttemptOutcome::kFailed,
                     .error = ErrorOf("57014"),
                     .statement_timeout = true},
                    {{"lockstep_statement_timeouts_total", 1},
                     {"lockstep_statement_errors_total{sqlstate_class=\"57\"}", 1}}),
        LostAttemptCase("LockTimeout", LockAttempt(AttemptOutcome::kLockTimeout, "55P03"),
                        {{"lockstep_lock_timeouts_total", 1},
                         {"lockstep_retries_total{reason=\"lock_timeout\"}", 1},
                         {"lockstep_table_lock_attempts_total{outcome=\"lock_timeout\"}", 1},
                         {"lockstep_statement_errors_total{sqlstate_class=\"55\"}", 1}}),
        AttemptCase("LockTimeoutWithoutAnotherTry",
                    LockAttempt(AttemptOutcome::kLockTimeout, "55P03"),
                    {{"lockstep_lock_timeouts_total", 1},
                     {"lockstep_table_lock_attempts_total{outcome=\"lock_timeout\"}", 1},
                     {"lockstep_statement_errors_total{sqlstate_class=\"55\"}", 1}}),
        LostAttemptCase("Deadlock", LockAttempt(AttemptOutcome::kDeadlock, "40P01"),
                        {{"lockstep_deadlocks_total", 1},
                         {"lockstep_retries_total{reason=\"deadlock\"}", 1},
                         {"lockstep_table_lock_attempts_total{outcome=\"deadlock\"}", 1},
                         {"lockstep_statement_errors_total{sqlstate_class=\"40\"}", 1}}),
        LostAttemptCase("Breaker",
                        {.outcome = AttemptOutcome::kBreaker,
                         .table_locks = true,
                         .strong = true,
                         .error = ErrorOf("57014"),
                         .broken = BreakCause::kVictimWait},
                        {{"lockstep_breaker_cancels_total{cause=\"victim_wait\"}", 1},
                         {"lockstep_retries_total{reason=\"breaker\"}", 1},
                         {"lockstep_table_lock_attempts_total{outcome=\"breaker\"}", 1},
                         {"lockstep_statement_errors_total{sqlstate_class=\"57\"}", 1}}),
        LostAttemptCase("MaxHold", LockAttempt(AttemptOutcome::kMaxHold, "57014"),
                        {{"lockstep_retries_total{reason=\"max_hold\"}", 1},
                         {"lockstep_table_lock_hold_seconds_count", 1},
                         {"lockstep_table_lock_attempts_total{outcome=\"max_hold\"}", 1},
                         {"lockstep_statement_errors_total{sqlstate_class=\"57\"}", 1}}),
        LostAttemptCase("TableGone", LockAttempt(AttemptOutcome::kTableGone, "42P01"),
                        {{"lockstep_retries_total{reason=\"table_gone\"}", 1},
                         {"lockstep_table_lock_attempts_total{outcome=\"table_gone\"}", 1},
                         {"lockstep_statement_errors_total{sqlstate_class=\"42\"}", 1}})),
    NameOf);

ToldCase RunEndCase(const std::string& name, RunState state, const std::string& result,
                    const std::string& time) {
  MetricChanges changes{{"lockstep_migration_runs_total{result=\"" + result + "\"}", 1}};
  if (!time.empty()) changes[time] = kNow;
  return {name, [state](TargetMetrics& target) { target.OnRunEnd({.state = state}); }, changes};
}

ToldCase StepEndCase(const std::string& name, const StepReport& report, const std::string& result) {
  return {name,
          [report](TargetMetrics& target) {
            target.OnStepBegin(SomeStep(), 0, 1);
            target.OnStepEnd(SomeStep(), report);
          },
          {{"lockstep_migration_started_timestamp_seconds", kNow},
           {"lockstep_migration_duration_seconds_count{result=\"" + result + "\"}", 1},
           {"lockstep_table_lock_wait_seconds_count", 1}}};
}

constexpr const char* kSuccess = "lockstep_last_success_timestamp_seconds";
constexpr const char* kFailure = "lockstep_last_failure_timestamp_seconds";

INSTANTIATE_TEST_SUITE_P(
    Runs, MetricsOfTest,
    testing::Values(RunEndCase("Done", RunState::kDone, "done", kSuccess),
                    RunEndCase("NothingToDo", RunState::kNothingToDo, "nothing_to_do", kSuccess),
                    RunEndCase("Failed", RunState::kFailed, "failed", kFailure),
                    RunEndCase("Invalid", RunState::kInvalid, "invalid", kFailure),
                    RunEndCase("Unknown", RunState::kUnknown, "unknown", kFailure),
                    RunEndCase("Deferred", RunState::kDeferred, "deferred", ""),
                    RunEndCase("Busy", RunState::kBusy, "busy", ""),
                    RunEndCase("Stopped", RunState::kStopped, "stopped", ""),
                    StepEndCase("Applied", {.result = Applied{}}, "applied"),
                    StepEndCase("RolledBack", {.direction = Direction::kDown, .result = Applied{}},
                                "rolled_back"),
                    StepEndCase("StepFailed", {.result = Failed{}}, "failed"),
                    StepEndCase("StepDeferred", {.result = Deferred{}}, "deferred"),
                    StepEndCase("StepStopped", {.result = Stopped{}}, "stopped"),
                    StepEndCase("StepUnknown", {.result = Unknown{}}, "unknown"),
                    ToldCase{"StepBegun",
                             [](TargetMetrics& target) { target.OnStepBegin(SomeStep(), 0, 1); },
                             {{"lockstep_migration_in_progress", 1},
                              {"lockstep_migration_started_timestamp_seconds", kNow}}},
                    ToldCase{"AnErrorEndsTheRun",
                             [](TargetMetrics& target) {
                               target.OnMigrationLock(0);
                               target.OnStepBegin(SomeStep(), 0, 1);
                               target.OnRunError(Error(ErrorCode::kConnectionLost, ""));
                             },
                             {{"lockstep_lock_attempts_total{result=\"acquired\"}", 1},
                              {"lockstep_lock_wait_seconds_count", 1},
                              {"lockstep_migration_started_timestamp_seconds", kNow},
                              {"lockstep_lock_losses_total{reason=\"connection_lost\"}", 1},
                              {"lockstep_migration_runs_total{result=\"error\"}", 1},
                              {kFailure, kNow}}},
                    ToldCase{"AnErrorOfSomebodyWithoutTheLockLosesNone",
                             [](TargetMetrics& target) {
                               target.OnRunError(Error(ErrorCode::kConnectionLost, ""));
                             },
                             {{"lockstep_migration_runs_total{result=\"error\"}", 1},
                              {kFailure, kNow}}}),
    NameOf);

INSTANTIATE_TEST_SUITE_P(
    Locks, MetricsOfTest,
    testing::Values(
        ToldCase{"Acquired",
                 [](TargetMetrics& target) { target.OnMigrationLock(2); },
                 {{"lockstep_lock_attempts_total{result=\"acquired\"}", 1},
                  {"lockstep_lock_wait_seconds_count", 1},
                  {"lockstep_leader", 1}}},
        ToldCase{"GivenBack",
                 [](TargetMetrics& target) {
                   target.OnMigrationLock(2);
                   target.OnRunEnd({.state = RunState::kDone});
                 },
                 {{"lockstep_lock_attempts_total{result=\"acquired\"}", 1},
                  {"lockstep_lock_wait_seconds_count", 1},
                  {"lockstep_migration_runs_total{result=\"done\"}", 1},
                  {kSuccess, kNow}}},
        ToldCase{"Busy",
                 [](TargetMetrics& target) { target.OnMigrationLockMissed(LockMiss::kBusy, 60); },
                 {{"lockstep_lock_attempts_total{result=\"busy\"}", 1},
                  {"lockstep_lock_wait_seconds_count", 1}}},
        ToldCase{
            "NotNeeded",
            [](TargetMetrics& target) { target.OnMigrationLockMissed(LockMiss::kNotNeeded, 1); },
            {{"lockstep_lock_attempts_total{result=\"not_needed\"}", 1},
             {"lockstep_lock_wait_seconds_count", 1}}},
        ToldCase{"LostWithTheSession",
                 [](TargetMetrics& target) {
                   target.OnMigrationLock(0);
                   target.OnStepBegin(SomeStep(), 0, 1);
                   target.OnSessionLost(Error(ErrorCode::kInDoubt, ""));
                 },
                 {{"lockstep_lock_attempts_total{result=\"acquired\"}", 1},
                  {"lockstep_lock_wait_seconds_count", 1},
                  {"lockstep_migration_started_timestamp_seconds", kNow},
                  {"lockstep_lock_losses_total{reason=\"in_doubt\"}", 1},
                  {"lockstep_retries_total{reason=\"session_lost\"}", 1}}},
        ToldCase{"FencedOff",
                 [](TargetMetrics& target) {
                   target.OnMigrationLock(0);
                   target.OnSessionLost(Error(ErrorCode::kFenced, ""));
                 },
                 {{"lockstep_lock_attempts_total{result=\"acquired\"}", 1},
                  {"lockstep_lock_wait_seconds_count", 1},
                  {"lockstep_lock_losses_total{reason=\"fenced\"}", 1},
                  {"lockstep_retries_total{reason=\"session_lost\"}", 1}}},
        ToldCase{"Blocked",
                 [](TargetMetrics& target) {
                   target.OnBlocked(SomeStep(), {BlockerOf(BlockerKind::kActive, 3),
                                                 BlockerOf(BlockerKind::kActive, 7.5),
                                                 BlockerOf(BlockerKind::kPrepared, -1)});
                 },
                 {{"lockstep_blockers{class=\"active\"}", 2},
                  {"lockstep_blockers{class=\"prepared\"}", 1},
                  {"lockstep_blocker_age_seconds", 7.5}}},
        ToldCase{"BlockedByOthersThanBefore",
                 [](TargetMetrics& target) {
                   target.OnBlocked(SomeStep(), {BlockerOf(BlockerKind::kActive, 3)});
                   target.OnBlocked(SomeStep(), {BlockerOf(BlockerKind::kDdl, 1)});
                 },
                 {{"lockstep_blockers{class=\"ddl\"}", 1}, {"lockstep_blocker_age_seconds", 1}}},
        ToldCase{"Victims",
                 [](TargetMetrics& target) { target.OnVictims(4, 0.25); },
                 {{"lockstep_victims", 4}, {"lockstep_victim_max_wait_seconds", 0.25}}},
        ToldCase{"TheEndOfAnAttemptIsTheEndOfItsVictimsAndBlockers",
                 [](TargetMetrics& target) {
                   target.OnBlocked(SomeStep(), {BlockerOf(BlockerKind::kActive, 3)});
                   target.OnVictims(4, 0.25);
                   target.OnAttempt(SomeStep(), {});
                 },
                 {}}),
    NameOf);

ToldCase HookCase(const std::string& name, const HookResult& result, const std::string& labels) {
  return {name,
          [result](TargetMetrics& target) { target.OnHook(result); },
          {{"lockstep_hook_runs_total{" + labels + "}", 1}}};
}

INSTANTIATE_TEST_SUITE_P(
    Rest, MetricsOfTest,
    testing::Values(
        HookCase("HookSucceeded", {.point = HookPoint::kBeforeRun},
                 "hook=\"before_run\",result=\"success\""),
        HookCase("HookFailed", {.point = HookPoint::kAfterMigration, .problem = "exit code 1"},
                 "hook=\"after_migration\",result=\"failure\""),
        HookCase("HookTimedOut",
                 {.point = HookPoint::kOnFailure, .timed_out = true, .problem = "too long"},
                 "hook=\"on_failure\",result=\"timeout\""),
        ToldCase{"Backup",
                 [](TargetMetrics& target) { target.OnBackup("/var/backups/x.dump", 4711); },
                 {{"lockstep_backups_total{result=\"success\"}", 1},
                  {"lockstep_backup_size_bytes", 4711},
                  {"lockstep_backup_timestamp_seconds", kNow}}},
        ToldCase{
            "BackupFailed",
            [](TargetMetrics& target) { target.OnBackupFailed(Error(ErrorCode::kSubprocess, "")); },
            {{"lockstep_backups_total{result=\"failure\"}", 1}}},
        ToldCase{"Trigger",
                 [](TargetMetrics& target) { target.OnTrigger("folder"); },
                 {{"lockstep_triggers_total{source=\"folder\"}", 1}}},
        ToldCase{"TriggerThatNobodyKnows",
                 [](TargetMetrics& target) { target.OnTrigger("0007_add.up.sql"); },
                 {{"lockstep_triggers_total{source=\"other\"}", 1}}},
        ToldCase{"Connected",
                 [](TargetMetrics& target) { target.OnConnection(true); },
                 {{"lockstep_postgres_connection_attempts_total{result=\"success\"}", 1}}},
        ToldCase{"NotConnected",
                 [](TargetMetrics& target) { target.OnConnection(false); },
                 {{"lockstep_postgres_connection_attempts_total{result=\"failure\"}", 1}}},
        ToldCase{"Pool",
                 [](TargetMetrics& target) {
                   target.OnPool(
                       {.idle = 1, .busy = 2, .most = 3, .pending_requests = 4, .timeouts = 5});
                 },
                 {{"lockstep_pool_connections{pool=\"reads\",state=\"idle\"}", 1},
                  {"lockstep_pool_connections{pool=\"reads\",state=\"busy\"}", 2},
                  {"lockstep_pool_connections_max{pool=\"reads\"}", 3},
                  {"lockstep_pool_pending_requests{pool=\"reads\"}", 4},
                  {"lockstep_pool_timeouts_total{pool=\"reads\"}", 5}}},
        ToldCase{"PoolTimeoutsGoOnWhenThePoolIsANewOne",
                 [](TargetMetrics& target) {
                   for (const std::uint64_t timeouts : {5, 5, 7, 2}) {
                     target.OnPool({.timeouts = timeouts});
                   }
                 },
                 {{"lockstep_pool_timeouts_total{pool=\"reads\"}", 9}}},
        ToldCase{"PoolWait",
                 [](TargetMetrics& target) { target.OnPoolWait(0); },
                 {{"lockstep_pool_wait_seconds_count{pool=\"reads\"}", 1}}},
        ToldCase{"Status",
                 [](TargetMetrics& target) {
                   target.OnStatus(
                       StatusWith({.applied = {"a", "b", "c", "d", "e", "f", "g"},
                                   .pending = {"h", "i", "j", "k", "l", "m"},
                                   .failed = {"h", "i", "j", "k", "l"},
                                   .deferred = {"h", "i", "j", "k"},
                                   .ahead = {"a", "b", "c"},
                                   .changed = {"a", "b"},
                                   .invalid_indexes = {"public.i"},
                                   .blockers = {BlockerOf(BlockerKind::kIdleInTransaction, 8)},
                                   .victims = 9,
                                   .worst_victim_wait_seconds = 10,
                                   .server_verified = true}));
                 },
                 {{"lockstep_postgres_up", 1},
                  {"lockstep_postgres_server_verified", 1},
                  {"lockstep_migrations_applied", 7},
                  {"lockstep_migrations_pending", 6},
                  {"lockstep_migrations_failed", 5},
                  {"lockstep_migrations_deferred", 4},
                  {"lockstep_migrations_ahead", 3},
                  {"lockstep_checksum_mismatches", 2},
                  {"lockstep_invalid_indexes", 1},
                  {"lockstep_blockers{class=\"idle_in_transaction\"}", 1},
                  {"lockstep_blocker_age_seconds", 8},
                  {"lockstep_victims", 9},
                  {"lockstep_victim_max_wait_seconds", 10}}},
        ToldCase{"ADatabaseThatWentAwayKeepsWhatWasSeenLast",
                 [](TargetMetrics& target) {
                   TargetStatus status = StatusWith({.applied = {"a"}});
                   target.OnStatus(status);
                   status.reachable = false;
                   target.OnStatus(status);
                 },
                 {{"lockstep_migrations_applied", 1}}},
        // A dashboard showed the blocker of a standby's last look for the whole of its leader's
        // run.
        ToldCase{"ARunThatWaitsForTheLockForgetsWhomALookSaw",
                 [](TargetMetrics& target) {
                   target.OnBlocked(SomeStep(), {BlockerOf(BlockerKind::kActive, 3)});
                   target.OnVictims(2, 1);
                   target.OnWaitingForMigrationLock({}, 0);
                 },
                 {}},
        ToldCase{"AStepThatBeginsForgetsWhomALookSaw",
                 [](TargetMetrics& target) {
                   target.OnBlocked(SomeStep(), {BlockerOf(BlockerKind::kActive, 3)});
                   target.OnVictims(2, 1);
                   target.OnStepBegin(SomeStep(), 0, 1);
                 },
                 {{"lockstep_migration_in_progress", 1},
                  {"lockstep_migration_started_timestamp_seconds", kNow}}},
        ToldCase{"AnOldSightDoesNotHideWhomTheRunSees",
                 [](TargetMetrics& target) {
                   target.OnBlocked(SomeStep(), {BlockerOf(BlockerKind::kActive, 3)});
                   target.OnVictims(2, 1);
                   TargetStatus status = StatusWith({});
                   status.run.emplace();
                   target.OnStatus(status);
                 },
                 {{"lockstep_postgres_up", 1},
                  {"lockstep_blockers{class=\"active\"}", 1},
                  {"lockstep_blocker_age_seconds", 3},
                  {"lockstep_victims", 2},
                  {"lockstep_victim_max_wait_seconds", 1}}}),
    NameOf);

// ---- What the agent tells of itself -------------------------------------------------------------

TEST_F(MetricsTest, AFailedReloadIsSeenAndTheTimeOfTheLastGoodOneStays) {
  const SeriesRead time{.name = "lockstep_config_last_reload_success_timestamp_seconds"};
  EXPECT_EQ(Read().values.at(time), kNow) << "it was read at the start";
  clock_.now += 60;
  const MetricChanges failed = After([&](auto&) { metrics_.OnReload(false); }, "");
  EXPECT_EQ(failed, (MetricChanges{{"lockstep_config_last_reload_successful", -1}}));
  const MetricChanges good = After([&](auto&) { metrics_.OnReload(true); }, "");
  EXPECT_EQ(good,
            (MetricChanges{{"lockstep_config_last_reload_successful", 1}, {ToText(time), 60}}));
}

TEST_F(MetricsTest, AnAnswerIsCountedByItsHandlerAndCode) {
  EXPECT_EQ(
      After([&](auto&) { metrics_.OnHttpAnswer("readiness", 503, 0.002); }, ""),
      (MetricChanges{{"lockstep_http_requests_total{code=\"503\",handler=\"readiness\"}", 1},
                     {"lockstep_http_request_duration_seconds_count{handler=\"readiness\"}", 1}}));
}

// Faults: M5.
TEST_F(MetricsTest, APathIsNeverALabel) {
  EXPECT_EQ(
      After([&](auto&) { metrics_.OnHttpAnswer("/etc/passwd", 404, 0); }, ""),
      (MetricChanges{{"lockstep_http_requests_total{code=\"404\",handler=\"other\"}", 1},
                     {"lockstep_http_request_duration_seconds_count{handler=\"other\"}", 1}}));
  EXPECT_EQ(After([&](auto&) { metrics_.OnHttpRefused("slow_reader"); }, ""),
            (MetricChanges{{"lockstep_http_refused_total{reason=\"slow_reader\"}", 1}}));
  EXPECT_EQ(After([&](auto&) { metrics_.OnHttpRefused("a new reason"); }, ""),
            (MetricChanges{{"lockstep_http_refused_total{reason=\"other\"}", 1}}));
}

TEST_F(MetricsTest, TheLogIsAskedAtEachScrape) {
  EXPECT_EQ(After(
                [&](auto&) {
                  log_ = {.lines = {1, 2, 3, 4}, .dropped = 5, .failed = 6};
                },
                ""),
            (MetricChanges{{"lockstep_log_messages_total{level=\"debug\"}", 1},
                           {"lockstep_log_messages_total{level=\"info\"}", 2},
                           {"lockstep_log_messages_total{level=\"warning\"}", 3},
                           {"lockstep_log_messages_total{level=\"error\"}", 4},
                           {"lockstep_log_dropped_total{reason=\"queue\"}", 5},
                           {"lockstep_log_dropped_total{reason=\"sink\"}", 6}}));
}

TEST_F(MetricsTest, TheLagOfTheEventLoopIsTheLastThatWasSeen) {
  EXPECT_EQ(After(
                [&](auto&) {
                  metrics_.OnEventLoopLag(7);
                  metrics_.OnEventLoopLag(0.125);
                },
                ""),
            (MetricChanges{{"lockstep_event_loop_lag_seconds", 0.125}}));
}

int CountOpenDescriptors() {
  int open = 0;
  for (int number = 0; number < 4096; ++number) open += ::fcntl(number, F_GETFD) >= 0 ? 1 : 0;
  return open;
}

TEST_F(MetricsTest, TheProcessIsReadAtEachScrape) {
  const auto value = [](const Exposition& exposition, const std::string& name) {
    return exposition.values.at({.name = name, .labels = {}});
  };
  const Exposition before = Read();
  const Descriptor one_more(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const Exposition after = Read();
  EXPECT_EQ(value(after, "process_open_fds"), value(before, "process_open_fds") + 1);
  EXPECT_EQ(value(after, "process_open_fds"), CountOpenDescriptors());
  EXPECT_GT(value(after, "process_max_fds"), value(after, "process_open_fds"));
  EXPECT_GE(value(after, "process_threads"), 1);
  EXPECT_GE(value(after, "process_cpu_seconds_total"), value(before, "process_cpu_seconds_total"));
  EXPECT_GT(value(after, "process_resident_memory_bytes"), 1e6);
  EXPECT_GT(value(after, "process_virtual_memory_bytes"),
            value(after, "process_resident_memory_bytes"));
  EXPECT_GT(value(after, "process_start_time_seconds"), 1.6e9) << "after 2020";
}

// One NaN, and a histogram's sum is NaN for ever.
TEST_F(MetricsTest, ATimeThatIsNoTimeDoesNotPoisonAHistogram) {
  TargetMetrics& shop = metrics_.ForTarget("shop");
  shop.OnPoolWait(std::numeric_limits<double>::quiet_NaN());
  shop.OnPoolWait(-1);
  shop.OnPoolWait(2);
  const Exposition now = Read();
  const std::map<std::string, std::string> labels = {{"pool", "reads"}, {"target", "shop"}};
  EXPECT_EQ(now.values.at({"lockstep_pool_wait_seconds_sum", labels}), 2);
  EXPECT_EQ(now.values.at({"lockstep_pool_wait_seconds_count", labels}), 3);
}

TEST_F(MetricsTest, AnObservationIsInItsBucketAndAllThatFollow) {
  metrics_.ForTarget("shop").OnStepEnd(
      SomeStep(), {.result = Applied{}, .duration_seconds = 90, .lock_wait_seconds = 0.03});
  const Exposition now = Read();
  const auto bucket = [&](const std::string& le) {
    return now.values.at({"lockstep_migration_duration_seconds_bucket",
                          {{"le", le}, {"result", "applied"}, {"target", "shop"}}});
  };
  EXPECT_EQ(bucket("0.01"), 0);
  EXPECT_EQ(bucket("60"), 0);
  EXPECT_EQ(bucket("300"), 1);
  EXPECT_EQ(bucket("14400"), 1);
  EXPECT_EQ(bucket("+Inf"), 1);
}

// ---- Several targets ----------------------------------------------------------------------------

TEST_F(MetricsTest, ATargetHasSeriesOfItsOwn) {
  metrics_.ForTarget("blog");
  EXPECT_THAT(After([](TargetMetrics& shop) { TellEverything(shop); }, "blog"), IsEmpty());
  EXPECT_EQ(&metrics_.ForTarget("blog"), &metrics_.ForTarget("blog"));
}

TEST_F(MetricsTest, ANameMayHoldAnyCharacters) {
  const std::vector<std::string> names = {
      "a\"b", "back\\slash", "two\nlines", "größe 東京", "{x=\"y\"}", "", "\\n", "broken \xff"};
  for (const std::string& name : names) TellEverything(metrics_.ForTarget(name));
  const Exposition now = Read();
  std::set<std::string> read;
  for (const auto& [series, value] : now.values) {
    const auto label = series.labels.find("target");
    if (label != series.labels.end()) read.insert(label->second);
  }
  EXPECT_EQ(read, (std::set<std::string>{"a\"b", "back\\slash", "two\nlines", "größe 東京",
                                         "{x=\"y\"}", "", "\\n", "broken \\xff"}));
  EXPECT_EQ(Promtool(), "");
}

TEST_F(MetricsTest, AForgottenTargetIsNotShownAndMayStillBeTold) {
  metrics_.ForTarget("blog");
  TargetMetrics& shop = metrics_.ForTarget("shop");
  shop.OnTrigger("start");
  metrics_.Forget("shop");
  metrics_.Forget("never heard of");
  TellEverything(shop);
  const auto is_of_shop = [](const auto& item) {
    const auto label = item.first.labels.find("target");
    return label != item.first.labels.end() && label->second == "shop";
  };
  EXPECT_TRUE(std::ranges::none_of(Read().values, is_of_shop));
  metrics_.ForTarget("shop");
  const Exposition again = Read();
  EXPECT_TRUE(std::ranges::any_of(again.values, is_of_shop));
  EXPECT_TRUE(std::ranges::none_of(again.values, [&](const auto& item) {
    return is_of_shop(item) && item.second != 0;
  })) << "it begins anew";
}

TEST_F(MetricsTest, ManyMayTellWhileSomebodyLooks) {
  constexpr int kTellers = 4;
  constexpr int kTimes = 200;
  std::atomic<int> left = kTellers;
  std::vector<std::jthread> tellers;
  for (int i = 0; i < kTellers; ++i) {
    tellers.emplace_back([&, i] {
      TargetMetrics& shop = metrics_.ForTarget("shop");
      const std::string own = "own " + std::to_string(i);
      for (int time = 0; time < kTimes; ++time) {
        shop.OnTrigger("api");
        shop.OnPoolWait(0.02);
        shop.OnAttempt(SomeStep(), {.table_locks = true, .strong = true, .statements = 2});
        metrics_.OnHttpAnswer("metrics", 200 + time % 3, 0.001);
        metrics_.ForTarget(own).OnTrigger("api");
        metrics_.Forget(own);
      }
      --left;
    });
  }
  const SeriesRead triggers{"lockstep_triggers_total", {{"source", "api"}, {"target", "shop"}}};
  double before = 0;
  while (left > 0) {
    const Exposition now = Read();
    const auto found = now.values.find(triggers);
    const double value = found == now.values.end() ? before : found->second;
    EXPECT_GE(value, before);
    before = value;
  }
  tellers.clear();
  const Exposition end = Read();
  EXPECT_EQ(end.values.at(triggers), kTellers * kTimes);
  EXPECT_EQ(end.values.at({"lockstep_statements_total", {{"target", "shop"}}}),
            2 * kTellers * kTimes);
  EXPECT_EQ(
      end.values.at({"lockstep_pool_wait_seconds_count", {{"pool", "reads"}, {"target", "shop"}}}),
      kTellers * kTimes);
}

}  // namespace
}  // namespace lockstep
