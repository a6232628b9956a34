#include "engine/attempt_loop.h"

#include "base/uuid.h"
#include "core/duration.h"
#include "engine/attempt_record.h"
#include "postgres/sql_state.h"

namespace lockstep {
namespace {

// Once may be a slow moment; after that the work is too long for the locks.
constexpr int kMostOverlongHolds = 3;

class AttemptLoop {
 public:
  AttemptLoop(const StepContext& context, const Step& step, LockAcquisition& locks,
              const FindNeeds& find_needs, const Attempt& attempt, std::optional<int> most_attempts)
      : context_(context),
        step_(step),
        locks_(locks),
        find_needs_(find_needs),
        attempt_(attempt),
        most_attempts_(most_attempts) {}

  StepResult Run() {
    for (;;) {
      if (context_.stop.now.stop_requested()) return Stopped{};
      std::variant<LockNeeds, Failed> needs = find_needs_();
      if (const auto* refused = std::get_if<Failed>(&needs)) return *refused;
      const Approach approach = locks_.WaitForOpening(std::move(std::get<LockNeeds>(needs)));
      if (std::holds_alternative<Stopped>(approach)) return Stopped{};
      if (const auto* blocked = std::get_if<StillBlocked>(&approach)) return DeferredBy(*blocked);
      if (auto result = TryOnce(std::get<Knock>(approach))) return *result;
    }
  }

 private:
  // Nothing when it has to be tried again.
  std::optional<StepResult> TryOnce(const Knock& knock) {
    const SteadyTime began = context_.clock.Now();
    AttemptResult result = attempt_(knock);
    AttemptReport report = ReportOn(result, context_.clock.Now() - began);
    if (!WasLost(report.outcome)) {
      context_.observer.OnAttempt(step_, report);
      if (!result.failure) return Applied{};
      if (report.outcome == AttemptOutcome::kStopped) return Stopped{};
      // No fault of the migration, and nothing that a few seconds would change.
      if (result.failure->error.sqlstate == sql_state::kDiskFull) return Deferred{*result.failure};
      return Failed{*result.failure};
    }
    Explain(result);
    std::vector<Blocker> blockers = BlockersOf(result);
    const bool enough = (IsOverlong(result) && ++overlong_holds_ == kMostOverlongHolds) ||
                        locks_.attempts() == most_attempts_;
    const auto pause = locks_.PauseAfterLoss(result.seen.worst.worst_wait_seconds);
    report.again = !enough && pause;
    context_.observer.OnAttempt(step_, report);
    if (!report.again) return Deferred{*result.failure, std::move(blockers)};
    Record(*result.failure, blockers);
    context_.observer.OnRetry(step_, result.failure->error, ToSeconds(*pause));
    if (!context_.clock.SleepFor(*pause, context_.stop.after_current)) return Stopped{};
    return {};
  }

  AttemptReport ReportOn(const AttemptResult& result, Duration took) const {
    const LockNeeds& needs = locks_.needs();
    AttemptReport report{.outcome = OutcomeOf(result),
                         .table_locks = needs.strong || !needs.targets.empty(),
                         .strong = needs.strong,
                         .seconds = ToSeconds(took),
                         .statements = result.statements,
                         .broken = result.seen.broken};
    if (result.failure) report.error = result.failure->error;
    report.statement_timeout =
        report.outcome == AttemptOutcome::kFailed && IsStatementTimeout(*report.error, took);
    return report;
  }

  AttemptOutcome OutcomeOf(const AttemptResult& result) const {
    if (!result.failure) return AttemptOutcome::kDone;
    if (EndedByStop(result)) return AttemptOutcome::kStopped;
    if (CutShort(result)) {
      if (IsOverlong(result)) return AttemptOutcome::kMaxHold;
      return result.seen.broken ? AttemptOutcome::kBreaker : AttemptOutcome::kLockTimeout;
    }
    if (result.table_gone) return AttemptOutcome::kTableGone;
    const std::string& state = result.failure->error.sqlstate;
    if (state == sql_state::kDeadlockDetected) return AttemptOutcome::kDeadlock;
    if (state == sql_state::kSerializationFailure) return AttemptOutcome::kSerialization;
    return sql_state::IsWorthRetrying(state) ? AttemptOutcome::kLockTimeout
                                             : AttemptOutcome::kFailed;
  }

  // Such as may be made again.
  static bool WasLost(AttemptOutcome outcome) {
    return outcome != AttemptOutcome::kDone && outcome != AttemptOutcome::kFailed &&
           outcome != AttemptOutcome::kStopped;
  }

  // The SQLSTATE is that of any cancel. The words are only there in English, and the time tells
  // nothing of a limit that the script set for itself.
  bool IsStatementTimeout(const SqlError& error, Duration took) const {
    if (error.sqlstate != sql_state::kQueryCancelled) return false;
    const Duration limit = locks_.limits().statement_timeout;
    return (limit > Duration::zero() && took >= limit) ||
           error.message.find("statement timeout") != std::string::npos;
  }

  // To somebody who was asked to stop, a lost race and our own cancel look the same: nothing
  // happened.
  bool EndedByStop(const AttemptResult& result) const {
    if (!context_.stop.after_current.stop_requested()) return false;
    const bool cancelled = result.failure->error.sqlstate == sql_state::kQueryCancelled;
    return (cancelled && result.seen.cancelled_on_request) || MayTryAgain(result);
  }

  static bool MayTryAgain(const AttemptResult& result) {
    return sql_state::IsWorthRetrying(result.failure->error.sqlstate) || CutShort(result) ||
           result.table_gone;
  }

  static bool CutShort(const AttemptResult& result) {
    return result.failure->error.sqlstate == sql_state::kQueryCancelled &&
           (result.seen.broken || result.limit != LimitHit::kNone);
  }

  bool IsOverlong(const AttemptResult& result) const {
    if (result.seen.broken) return *result.seen.broken == BreakCause::kMaxHold;
    return result.limit == LimitHit::kMaxHold;
  }

  // PostgreSQL only says that somebody cancelled it.
  void Explain(AttemptResult& result) const {
    SqlError& error = result.failure->error;
    if (result.seen.broken) {
      error.message = "given up, because " + ToText(*result.seen.broken, result.seen.worst);
    } else if (result.limit == LimitHit::kMaxHold) {
      error.message = "given up, because " + ToText(BreakCause::kMaxHold, result.seen.worst);
    }
    if (!IsOverlong(result) || !error.hint.empty()) return;
    error.hint = "split the migration, or allow more than max_hold (" +
                 ToText(locks_.limits().max_hold) + ") in its header, like \"-- max_hold: 10s\"";
  }

  // A knock is too short for the watcher to see everybody; who is there now was there then.
  std::vector<Blocker> BlockersOf(const AttemptResult& result) {
    std::vector<Blocker> blockers = locks_.Look();
    return blockers.empty() ? result.seen.blockers : blockers;
  }

  void Record(const SqlFailure& failure, const std::vector<Blocker>& blockers) {
    const AttemptNumbers numbers{.lock_wait_seconds = locks_.wait_seconds(),
                                 .attempts = locks_.attempts()};
    RecordFailedAttempt(context_.session, context_.settings.names, context_.identity, NewUuid(),
                        MakeFailedAttempt(step_, "lost", failure, blockers, numbers));
  }

  StepResult DeferredBy(const StillBlocked& blocked) const {
    SqlError error;
    error.sqlstate = sql_state::kLockNotAvailable;
    error.message = "the table locks could not be had without making others wait";
    return Deferred{SqlFailure{.error = error, .file = step_.script.file}, blocked.blockers};
  }

  const StepContext& context_;
  const Step& step_;
  LockAcquisition& locks_;
  const FindNeeds& find_needs_;
  const Attempt& attempt_;
  std::optional<int> most_attempts_;
  int overlong_holds_ = 0;
};

}  // namespace

StepResult RunAttempts(const StepContext& context, const Step& step, LockAcquisition& locks,
                       const FindNeeds& find_needs, const Attempt& attempt,
                       std::optional<int> most_attempts) {
  return AttemptLoop(context, step, locks, find_needs, attempt, most_attempts).Run();
}

}  // namespace lockstep
