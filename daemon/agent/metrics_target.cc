#include "agent/metrics_target.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"
#include "postgres/sql_state.h"

namespace lockstep {
namespace {

using Names = std::span<const std::string_view>;

constexpr auto kResults = std::to_array<std::string_view>({"success", "failure"});
// Of a database that answers and must not be migrated.
constexpr auto kRefusals = std::to_array<std::string_view>(
    {"standby", "read_only", "pooler", "permission", "old_primary"});
constexpr auto kLockResults =
    std::to_array<std::string_view>({"acquired", "busy", "not_needed", "stopped"});
constexpr auto kLossReasons =
    std::to_array<std::string_view>({"connection_lost", "in_doubt", "fenced", "released"});
constexpr auto kRunResults =
    std::to_array<std::string_view>({"done", "nothing_to_do", "invalid", "failed", "deferred",
                                     "stopped", "busy", "unknown", "error"});
constexpr auto kMigrationResults = std::to_array<std::string_view>(
    {"applied", "rolled_back", "failed", "deferred", "stopped", "unknown"});
constexpr auto kRetryReasons =
    std::to_array<std::string_view>({"lock_timeout", "deadlock", "serialization", "breaker",
                                     "max_hold", "table_gone", "session_lost"});
constexpr auto kTableLockOutcomes =
    std::to_array<std::string_view>({"granted", "lock_timeout", "deadlock", "serialization",
                                     "breaker", "max_hold", "table_gone", "stopped", "failed"});
constexpr auto kBreakCauses =
    std::to_array<std::string_view>({"victims", "victim_wait", "max_hold"});
// Of PostgreSQL's appendix A those that a migration's statement meets, and our own.
constexpr auto kErrorClasses = std::to_array<std::string_view>(
    {"0A", "21", "22", "23", "25", "28", "2B", "3D", "3F", "40",   "42",
     "44", "53", "54", "55", "57", "58", "LS", "P0", "XX", "other"});
constexpr auto kBlockerClasses = std::to_array<std::string_view>(
    {"idle_in_transaction", "active", "autovacuum", "wraparound", "prepared", "ddl"});
constexpr auto kPoolStates = std::to_array<std::string_view>({"idle", "busy"});
constexpr auto kHookResults = std::to_array<std::string_view>({"success", "failure", "timeout"});
constexpr std::array kHookPoints = {HookPoint::kBeforeRun, HookPoint::kAfterRun,
                                    HookPoint::kBeforeMigration, HookPoint::kAfterMigration,
                                    HookPoint::kOnFailure};

const Buckets kMigrationBuckets = {0.01, 0.05, 0.1, 0.5,  1,    5,    10,   30,
                                   60,   300,  600, 1800, 3600, 7200, 14400};

// The agent has one pool for each target; the label leaves room for others.
const prometheus::Labels kReadsPool = {{"pool", "reads"}};

std::map<HookPoint, SeriesSet<prometheus::Counter>> MakeHooks(SeriesMaker& make) {
  std::map<HookPoint, SeriesSet<prometheus::Counter>> hooks;
  for (const HookPoint point : kHookPoints) {
    hooks[point] =
        make.CounterFor("lockstep_hook_runs_total", "Hooks that were run, by what came of it.",
                        "result", kHookResults, {{"hook", std::string(NameOf(point))}});
  }
  return hooks;
}

// One label that is not UTF-8 makes a scraper refuse the whole answer.
std::string LabelFor(const std::string& name) {
  return FirstInvalidUtf8(name) ? Escaped(name) : name;
}

std::string_view ResultOf(const StepReport& report) {
  if (std::holds_alternative<Applied>(report.result)) {
    return report.direction == Direction::kUp ? "applied" : "rolled_back";
  }
  if (std::holds_alternative<Failed>(report.result)) return "failed";
  if (std::holds_alternative<Deferred>(report.result)) return "deferred";
  return std::holds_alternative<Stopped>(report.result) ? "stopped" : "unknown";
}

// Why the migration lock is gone with the session, if an error says so.
std::optional<std::string_view> LossOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kConnectionLost:
    case ErrorCode::kUnreachable:
      return "connection_lost";
    case ErrorCode::kInDoubt:
      return "in_doubt";
    case ErrorCode::kFenced:
      return "fenced";
    default:
      return {};
  }
}

bool HeldItsLocks(AttemptOutcome outcome) {
  return outcome == AttemptOutcome::kDone || outcome == AttemptOutcome::kFailed ||
         outcome == AttemptOutcome::kMaxHold || outcome == AttemptOutcome::kSerialization;
}

}  // namespace

TargetSeries::TargetSeries(const std::string& name, const Clock& clock)
    : clock_(clock),
      make_(registry_, {{"target", LabelFor(name)}}),
      up_(make_.Gauge("lockstep_postgres_up", "Whether the database answered when last asked.")),
      server_verified_(make_.Gauge("lockstep_postgres_server_verified",
                                   "Whether the server has proved who it is, or is local.")),
      connection_attempts_(make_.CounterFor("lockstep_postgres_connection_attempts_total",
                                            "Attempts to connect to the database.", "result",
                                            kResults)),
      refusals_(make_.GaugeFor("lockstep_passive",
                               "Whether the agent leaves the database alone, and why.", "reason",
                               kRefusals)),
      failovers_(
          make_.Counter("lockstep_failovers_total", "Times that another server led than before.")),
      migrations_lost_(make_.Counter("lockstep_migrations_lost_total",
                                     "Changes of migrations that a failover has undone.")),
      leader_(make_.Gauge("lockstep_leader", "Whether this agent holds the migration lock.")),
      lock_attempts_(make_.CounterFor("lockstep_lock_attempts_total",
                                      "Attempts to take the migration lock, waiting included.",
                                      "result", kLockResults)),
      lock_losses_(make_.CounterFor("lockstep_lock_losses_total",
                                    "Migration locks that were lost while they were needed.",
                                    "reason", kLossReasons)),
      lock_wait_(make_.Histogram("lockstep_lock_wait_seconds",
                                 "How long an attempt waited for the migration lock.",
                                 kWaitBuckets)),
      applied_(make_.Gauge("lockstep_migrations_applied", "Migrations that are applied.")),
      pending_(make_.Gauge("lockstep_migrations_pending",
                           "Migrations of the folder that are not applied.")),
      failed_(make_.Gauge("lockstep_migrations_failed",
                          "Migrations whose last attempt failed or awaits resolution.")),
      deferred_(make_.Gauge(
          "lockstep_migrations_deferred",
          "Migrations that wait: for their table locks, or for room on the server's disk.")),
      ahead_(make_.Gauge("lockstep_migrations_ahead",
                         "Applied migrations that the folder does not have.")),
      checksum_mismatches_(make_.Gauge("lockstep_checksum_mismatches",
                                       "Applied migrations whose files have changed since.")),
      invalid_indexes_(
          make_.Gauge("lockstep_invalid_indexes", "Indexes of the database that are not valid.")),
      runs_(make_.CounterFor("lockstep_migration_runs_total", "Runs that have ended.", "result",
                             kRunResults)),
      durations_(make_.HistogramFor("lockstep_migration_duration_seconds",
                                    "How long a migration took, in the attempt that decided.",
                                    kMigrationBuckets, "result", kMigrationResults)),
      in_progress_(make_.Gauge("lockstep_migration_in_progress",
                               "Whether a migration is being applied or rolled back.")),
      started_(make_.Gauge("lockstep_migration_started_timestamp_seconds",
                           "When the last migration was begun.")),
      last_success_(
          make_.Gauge("lockstep_last_success_timestamp_seconds", "When a run last ended well.")),
      last_failure_(
          make_.Gauge("lockstep_last_failure_timestamp_seconds", "When a run last failed.")),
      retries_(make_.CounterFor("lockstep_retries_total", "What is tried again after a pause.",
                                "reason", kRetryReasons)),
      lock_timeouts_(make_.Counter("lockstep_lock_timeouts_total",
                                   "Attempts that did not get a lock in time.")),
      deadlocks_(make_.Counter("lockstep_deadlocks_total",
                               "Attempts that the server ended because of a deadlock.")),
      statement_timeouts_(make_.Counter("lockstep_statement_timeouts_total",
                                        "Migrations that the statement timeout ended.")),
      breaker_cancels_(make_.CounterFor("lockstep_breaker_cancels_total",
                                        "Attempts that were cancelled to let others pass.", "cause",
                                        kBreakCauses)),
      table_lock_attempts_(make_.CounterFor("lockstep_table_lock_attempts_total",
                                            "Attempts that asked for table locks.", "outcome",
                                            kTableLockOutcomes)),
      table_lock_wait_(make_.Histogram(
          "lockstep_table_lock_wait_seconds",
          "How long a migration waited for its table locks, looks and lost attempts included.",
          kWaitBuckets)),
      table_lock_hold_(make_.Histogram("lockstep_table_lock_hold_seconds",
                                       "How long an attempt held locks that stop others.",
                                       kWaitBuckets)),
      statements_(make_.Counter("lockstep_statements_total",
                                "Statements of migrations that the server began.")),
      statement_errors_(make_.CounterFor("lockstep_statement_errors_total",
                                         "Errors that the server reported to migrations.",
                                         "sqlstate_class", kErrorClasses)),
      blockers_(make_.GaugeFor("lockstep_blockers", "Sessions that stand in a migration's way.",
                               "class", kBlockerClasses)),
      blocker_age_(make_.Gauge("lockstep_blocker_age_seconds",
                               "Age of the oldest transaction that stands in the way.")),
      victims_(make_.Gauge("lockstep_victims", "Sessions that wait for a migration.")),
      victim_wait_(make_.Gauge("lockstep_victim_max_wait_seconds",
                               "The longest that a session has been waiting for a migration.")),
      pool_connections_(make_.GaugeFor("lockstep_pool_connections", "Sessions of the pool.",
                                       "state", kPoolStates, kReadsPool)),
      pool_most_(make_.Gauge("lockstep_pool_connections_max",
                             "The most sessions that the pool may have.", kReadsPool)),
      pool_pending_(make_.Gauge("lockstep_pool_pending_requests",
                                "Requests that wait for a session of the pool.", kReadsPool)),
      pool_timeouts_(make_.Counter("lockstep_pool_timeouts_total",
                                   "Requests that found no session of the pool in time.",
                                   kReadsPool)),
      pool_wait_(make_.Histogram("lockstep_pool_wait_seconds",
                                 "How long a request waited for a session of the pool.",
                                 kWaitBuckets, kReadsPool)),
      hooks_(MakeHooks(make_)),
      backups_(
          make_.CounterFor("lockstep_backups_total", "Backups before a run.", "result", kResults)),
      backup_size_(make_.Gauge("lockstep_backup_size_bytes", "Size of the last backup.")),
      backup_time_(
          make_.Gauge("lockstep_backup_timestamp_seconds", "When the last backup was complete.")),
      triggers_(make_.CounterFor("lockstep_triggers_total", "What asked for a look or a run.",
                                 "source", kTriggerSources)) {}

// ---- What the agent tells ----------------------------------------------------------------------

// Who is in whose way is told by a run itself, while there is one, and sooner.
void TargetSeries::OnStatus(const TargetStatus& status) {
  up_.Set(status.reachable ? 1 : 0);
  for (const auto reason : kRefusals) refusals_.At(reason).Set(reason == status.passive ? 1 : 0);
  if (!status.sight) return;
  SetSight(*status.sight);
  if (status.run) return;
  SetBlockers(status.sight->blockers);
  SetVictims(status.sight->victims, status.sight->worst_victim_wait_seconds);
}

void TargetSeries::SetSight(const DatabaseSight& sight) {
  const auto set = [](Gauge& gauge, const auto& list) {
    gauge.Set(static_cast<double>(list.size()));
  };
  server_verified_.Set(sight.server_verified ? 1 : 0);
  set(applied_, sight.applied);
  set(pending_, sight.pending);
  set(failed_, sight.failed);
  set(deferred_, sight.deferred);
  set(ahead_, sight.ahead);
  set(checksum_mismatches_, sight.changed);
  set(invalid_indexes_, sight.invalid_indexes);
}

void TargetSeries::OnTrigger(std::string_view source) { triggers_.At(source).Increment(); }

void TargetSeries::OnConnection(bool succeeded) {
  connection_attempts_.At(succeeded ? "success" : "failure").Increment();
}

void TargetSeries::OnPool(const PoolFigures& figures) {
  pool_connections_.At("idle").Set(figures.idle);
  pool_connections_.At("busy").Set(figures.busy);
  pool_most_.Set(figures.most);
  pool_pending_.Set(figures.pending_requests);
  const std::lock_guard guard(pool_mutex_);
  // Fewer than before: it is another pool, after a reload.
  const std::uint64_t before = figures.timeouts < pool_timeouts_seen_ ? 0 : pool_timeouts_seen_;
  pool_timeouts_.Increment(static_cast<double>(figures.timeouts - before));
  pool_timeouts_seen_ = figures.timeouts;
}

void TargetSeries::OnPoolWait(double seconds) { ObserveSeconds(pool_wait_, seconds); }

void TargetSeries::OnFailover(const Failover& failover) {
  failovers_.Increment();
  migrations_lost_.Increment(static_cast<double>(failover.lost.size()));
}

// ---- What a run tells --------------------------------------------------------------------------

// A run that only waits tells of nobody, and the agent does not look meanwhile: what it saw before
// would stand still for as long as another replica works.
void TargetSeries::OnWaitingForMigrationLock(const LockHolder& /*holder*/, double /*waited*/) {
  NobodyIsInTheWay();
}

void TargetSeries::OnMigrationLock(double waited_seconds) {
  lock_attempts_.At("acquired").Increment();
  ObserveSeconds(lock_wait_, waited_seconds);
  leader_.Set(1);
}

void TargetSeries::OnMigrationLockMissed(LockMiss miss, double waited_seconds) {
  lock_attempts_.At(NameOf(miss)).Increment();
  ObserveSeconds(lock_wait_, waited_seconds);
}

void TargetSeries::OnBackup(const std::string& /*path*/, long long bytes) {
  backups_.At("success").Increment();
  backup_size_.Set(static_cast<double>(bytes));
  SetToNow(backup_time_);
}

void TargetSeries::OnBackupFailed(const Error& /*error*/) { backups_.At("failure").Increment(); }

void TargetSeries::OnHook(const HookResult& result) {
  const std::string_view how = result.ok() ? "success" : result.timed_out ? "timeout" : "failure";
  hooks_.at(result.point).At(how).Increment();
}

void TargetSeries::OnStepBegin(const Step& /*step*/, std::size_t /*index*/, std::size_t /*count*/) {
  NobodyIsInTheWay();  // until the step itself has looked
  in_progress_.Set(1);
  SetToNow(started_);
}

void TargetSeries::OnBlocked(const Step& /*step*/, const std::vector<Blocker>& blockers) {
  SetBlockers(blockers);
}

void TargetSeries::SetBlockers(const std::vector<Blocker>& blockers) {
  double oldest = 0;
  std::map<std::string_view, int> counts;
  for (const Blocker& blocker : blockers) {
    ++counts[NameOf(blocker.kind)];
    oldest = std::max(oldest, blocker.transaction_age_seconds);
  }
  for (const auto kind : kBlockerClasses) blockers_.At(kind).Set(counts[kind]);
  blocker_age_.Set(oldest);
}

void TargetSeries::OnVictims(int victims, double longest_wait_seconds) {
  SetVictims(victims, longest_wait_seconds);
}

void TargetSeries::SetVictims(int victims, double longest_wait_seconds) {
  victims_.Set(victims);
  victim_wait_.Set(longest_wait_seconds > 0 ? longest_wait_seconds : 0);
}

void TargetSeries::OnAttempt(const Step& /*step*/, const AttemptReport& report) {
  NobodyIsInTheWay();
  statements_.Increment(static_cast<double>(report.statements));
  if (report.broken) breaker_cancels_.At(NameOf(*report.broken)).Increment();
  if (report.again) retries_.At(NameOf(report.outcome)).Increment();
  CountErrors(report);
  if (report.table_locks) CountTableLocks(report);
}

void TargetSeries::CountErrors(const AttemptReport& report) {
  if (report.outcome == AttemptOutcome::kLockTimeout) lock_timeouts_.Increment();
  if (report.outcome == AttemptOutcome::kDeadlock) deadlocks_.Increment();
  if (report.statement_timeout) statement_timeouts_.Increment();
  if (!report.error || report.outcome == AttemptOutcome::kStopped) return;
  const std::string_view state = report.error->sqlstate;
  if (state.empty()) return;
  statement_errors_.At(state.substr(0, 2)).Increment();
  if (state == sql_state::kLockLost) lock_losses_.At("released").Increment();
}

void TargetSeries::CountTableLocks(const AttemptReport& report) {
  const bool done = report.outcome == AttemptOutcome::kDone;
  table_lock_attempts_.At(done ? "granted" : NameOf(report.outcome)).Increment();
  if (report.strong && HeldItsLocks(report.outcome)) {
    ObserveSeconds(table_lock_hold_, report.seconds);
  }
}

void TargetSeries::OnStepEnd(const Step& /*step*/, const StepReport& report) {
  in_progress_.Set(0);
  SetBlockers({});
  ObserveSeconds(durations_.At(ResultOf(report)), report.duration_seconds);
  ObserveSeconds(table_lock_wait_, report.lock_wait_seconds);
}

void TargetSeries::OnSessionLost(const Error& error) {
  LoseLock(error.code());
  retries_.At("session_lost").Increment();
  NothingRuns();
}

void TargetSeries::LoseLock(ErrorCode code) {
  const auto reason = LossOf(code);
  if (reason && leader_.Value() > 0) lock_losses_.At(*reason).Increment();
}

void TargetSeries::NothingRuns() {
  leader_.Set(0);
  in_progress_.Set(0);
  NobodyIsInTheWay();
}

void TargetSeries::NobodyIsInTheWay() {
  SetBlockers({});
  SetVictims(0, 0);
}

void TargetSeries::OnRunEnd(const RunReport& report) {
  runs_.At(NameOf(report.state)).Increment();
  const RunState state = report.state;
  if (state == RunState::kDone || state == RunState::kNothingToDo) SetToNow(last_success_);
  if (state == RunState::kFailed || state == RunState::kInvalid || state == RunState::kUnknown) {
    SetToNow(last_failure_);
  }
  NothingRuns();
}

void TargetSeries::OnRunError(const Error& error) {
  LoseLock(error.code());
  runs_.At("error").Increment();
  SetToNow(last_failure_);
  NothingRuns();
}

}  // namespace lockstep
