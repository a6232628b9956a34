#include "agent/run_log.h"

#include <utility>

#include "agent/events.h"
#include "base/text.h"
#include "core/blocker.h"
#include "core/duration.h"

namespace lockstep {
namespace {

std::string Seconds(double seconds) {
  return ToText(std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds)));
}

std::string Place(const Diagnostic& diagnostic) {
  if (diagnostic.file.empty()) return "";
  return diagnostic.file + ":" + std::to_string(diagnostic.line) + ": ";
}

std::string Named(const Step& step) {
  return step.revision + (step.description.empty() ? "" : " " + step.description);
}

// A step that was not applied: what happened to it, for the log.
struct Verdict {
  const EventKind* kind;
  std::string message;
  std::string sqlstate;
};

Verdict VerdictOf(const Step& step, const StepResult& result) {
  const bool up = step.direction == Direction::kUp;
  if (std::holds_alternative<Applied>(result)) {
    return {&event::kMigrationApplied, (up ? "applied " : "rolled back ") + Named(step), ""};
  }
  if (const auto* failed = std::get_if<Failed>(&result)) {
    const SqlFailure& failure = failed->failure;
    const std::string place =
        failure.file.empty() ? "" : failure.file + ":" + std::to_string(failure.line) + ": ";
    return {&event::kMigrationFailed, place + failure.error.message, failure.error.sqlstate};
  }
  if (const auto* deferred = std::get_if<Deferred>(&result)) {
    const SqlError& error = deferred->failure.error;
    std::vector<std::string> reasons = ToTexts(deferred->blockers);
    reasons.insert(reasons.begin(), error.message);
    return {&event::kRunDeferred, "deferred " + step.revision + ": " + Join(reasons, "; "),
            error.sqlstate};
  }
  if (const auto* unknown = std::get_if<Unknown>(&result)) {
    return {&event::kMigrationFailed,
            "interrupted in \"" + unknown->statement +
                "\", and the catalog cannot tell whether it "
                "took effect; say so: lockstep resolve " +
                step.revision,
            ""};
  }
  return {&event::kRunMessage, "stopped before " + step.revision + " was done", ""};
}

}  // namespace

RunLog::RunLog(std::string target, std::string run_id)
    : target_(std::move(target)), run_id_(std::move(run_id)) {}

void RunLog::Write(const EventKind& kind, const std::string& message, LogFields fields) const {
  fields.insert(fields.begin(), {{"target", target_}, {"run_id", run_id_}});
  LogEvent(kind, message, fields);
}

bool RunLog::IsNews(const std::string& what, const std::string& text) {
  const std::lock_guard guard(mutex_);
  std::string& last = last_[what];
  return std::exchange(last, text) != text;
}

void RunLog::OnDiagnostics(const Diagnostics& diagnostics) {
  for (const Diagnostic& diagnostic : diagnostics) {
    Write(event::kDiagnostic, Place(diagnostic) + diagnostic.message,
          {{"code", diagnostic.code}, {"severity", std::string(NameOf(diagnostic.severity))}});
  }
}

void RunLog::OnWaitingForMigrationLock(const LockHolder& holder, double) {
  if (!IsNews("lock", std::to_string(holder.pid))) return;
  Write(event::kMigrationLockWaiting, "stands by: the migration lock is held by " + ToText(holder),
        {{"backend_pid", std::int64_t{holder.pid}}});
}

void RunLog::OnMigrationLock(double waited_seconds) {
  Write(event::kMigrationLockTaken, "has the migration lock",
        {{"duration_seconds", waited_seconds}});
}

void RunLog::OnBackup(const std::string& path, long long bytes) {
  Write(event::kBackupWritten, "backup written to \"" + path + "\"",
        {{"bytes", std::int64_t{bytes}}});
}

void RunLog::OnStepBegin(const Step& step, std::size_t index, std::size_t count) {
  const std::string verb = step.direction == Direction::kUp ? "applies " : "rolls back ";
  Write(
      event::kMigrationBegun,
      verb + Named(step) + " (" + std::to_string(index + 1) + " of " + std::to_string(count) + ")",
      {{"revision", step.revision}});
}

void RunLog::OnStatement(const Step& step, std::size_t ordinal, std::size_t count,
                         const std::string& kind) {
  if (step.script.transactional) return;
  Write(event::kStatementBegun,
        "statement " + std::to_string(ordinal) + " of " + std::to_string(count) + ": " + kind,
        {{"revision", step.revision}, {"statement", static_cast<std::int64_t>(ordinal)}});
}

void RunLog::OnBlocked(const Step& step, const std::vector<Blocker>& blockers) {
  std::string who;
  for (const Blocker& blocker : blockers) who += std::to_string(blocker.pid) + blocker.gid + " ";
  if (!IsNews("blocked " + step.revision, who)) return;
  Write(event::kTableLockBlocked,
        "waits for a moment in which nobody would notice: " + Join(ToTexts(blockers), "; "),
        {{"revision", step.revision}});
}

void RunLog::OnRetry(const Step& step, const SqlError& error, double pause_seconds) {
  Write(event::kTableLockRetry, error.message + "; tries again in " + Seconds(pause_seconds),
        {{"revision", step.revision}, {"sqlstate", error.sqlstate}});
}

void RunLog::OnStepEnd(const Step& step, const StepReport& report) {
  const Verdict verdict = VerdictOf(step, report.result);
  LogFields fields = {{"revision", step.revision},
                      {"duration_seconds", report.duration_seconds},
                      {"attempt", std::int64_t{report.attempts}}};
  if (!verdict.sqlstate.empty()) fields.emplace_back("sqlstate", verdict.sqlstate);
  Write(*verdict.kind, verdict.message, std::move(fields));
}

void RunLog::OnNotice(const Notice& notice) {
  Write(event::kServerNotice, notice.severity + ": " + notice.message,
        {{"sqlstate", notice.sqlstate}});
}

void RunLog::OnReconnect(const std::string& why) { Write(event::kConnectionLost, why); }

void RunLog::OnFailover(const Failover& failover) { Write(event::kFailover, ToText(failover)); }

void RunLog::OnMessage(const std::string& sentence) { Write(event::kRunMessage, sentence); }

}  // namespace lockstep
