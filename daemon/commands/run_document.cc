#include "commands/run_document.h"

#include <algorithm>

#include "base/text.h"
#include "commands/documents.h"
#include "postgres/sql_state.h"

namespace lockstep {
namespace {

json::object SqlFailureDocument(const StepReport& step, std::string_view outcome,
                                const SqlFailure& failure, const std::vector<Blocker>& blockers) {
  const SqlError& error = failure.error;
  return {{"revision", step.revision},
          {"direction", NameOf(step.direction)},
          {"outcome", outcome},
          {"sqlstate", TextOrNull(error.sqlstate)},
          {"message", error.message},
          {"detail", TextOrNull(error.detail)},
          {"hint", TextOrNull(error.hint)},
          {"context", TextOrNull(error.context)},
          {"file", TextOrNull(failure.file)},
          {"line", failure.line},
          {"column", failure.column},
          {"source_line", TextOrNull(failure.source_line)},
          {"statement", TextOrNull(failure.statement)},
          {"schema", TextOrNull(error.schema)},
          {"table", TextOrNull(error.table)},
          {"constraint", TextOrNull(error.constraint)},
          {"blockers", ToJson(ToTexts(blockers))}};
}

// One visitor: each way not to succeed, told in the words of a SqlFailure.
struct ToFailure {
  const StepReport& step;

  json::value operator()(const Applied&) const { return nullptr; }
  json::value operator()(const Failed& failed) const {
    return SqlFailureDocument(step, "failed", failed.failure, {});
  }
  json::value operator()(const Deferred& deferred) const {
    return SqlFailureDocument(step, "deferred", deferred.failure, deferred.blockers);
  }
  json::value operator()(const Stopped&) const {
    SqlFailure failure;
    failure.error.message = "stopped on request";
    return SqlFailureDocument(step, "stopped", failure, {});
  }
  json::value operator()(const Unknown& unknown) const {
    SqlFailure failure;
    failure.error.message =
        "the statement was interrupted, and the catalog cannot tell whether it "
        "took effect";
    failure.error.hint = "look at the database, then say so: lockstep resolve " + step.revision +
                         " --applied, or --not-applied";
    failure.file = unknown.file;
    failure.line = unknown.line;
    failure.statement = unknown.statement;
    return SqlFailureDocument(step, "unknown", failure, {});
  }
};

json::array StepsDocument(const RunReport& report, const MigrationFolder& folder,
                          Direction direction) {
  json::array list;
  for (const StepReport& step : report.steps) {
    if (step.direction != direction || !std::holds_alternative<Applied>(step.result)) continue;
    const Migration* migration = folder.Find(step.revision);
    list.push_back(json::object{{"revision", step.revision},
                                {"description", migration == nullptr ? "" : migration->description},
                                {"duration_seconds", step.duration_seconds},
                                {"lock_wait_seconds", step.lock_wait_seconds},
                                {"attempts", step.attempts}});
  }
  return list;
}

std::string DoneMessage(std::size_t count, Direction direction) {
  return Count(count, "migration", "migrations") +
         (direction == Direction::kUp ? " applied" : " rolled back");
}

// A wish that cannot be fulfilled is no fault of the files.
std::string InvalidMessage(const Diagnostics& diagnostics) {
  const bool in_files = std::ranges::any_of(diagnostics, [](const Diagnostic& diagnostic) {
    return diagnostic.severity == Severity::kError && !diagnostic.file.empty();
  });
  return in_files ? "the migrations have errors; nothing was done" : "nothing was done";
}

// The failed step's script runs in a transaction, as far as the folder knows.
bool IsTransactional(const StepReport& step, const MigrationFolder& folder) {
  const Migration* migration = folder.Find(step.revision);
  if (migration == nullptr) return true;
  const bool down = step.direction == Direction::kDown && migration->down;
  return down ? migration->down->transactional : migration->up.transactional;
}

std::string DeferredMessage(const RunReport& report) {
  const auto* deferred =
      report.steps.empty() ? nullptr : std::get_if<Deferred>(&report.steps.back().result);
  if (deferred != nullptr && deferred->failure.error.sqlstate == sql_state::kDiskFull) {
    return "the server's disk is full; the migration was deferred, and goes on once there is room";
  }
  return "a table lock could not be had in time; the migration was deferred and changed nothing";
}

std::string FailedMessage(const RunReport& report, const MigrationFolder& folder) {
  if (report.steps.empty()) return "the run failed";
  const StepReport& step = report.steps.back();
  const bool up = step.direction == Direction::kUp;
  std::string message =
      (up ? "revision \"" : "the rollback of revision \"") + step.revision + "\" failed; ";
  if (!IsTransactional(step, folder)) {
    message += "its statements before the failed one took effect and are not run again";
  } else {
    message += up ? "its own changes were undone, and the migrations before it stay"
                  : "its own changes were undone, and it is still applied";
  }
  if (up) return message + ": put right what the error says, then run the command again";
  return message + ": correct its down file, accept that with \"lockstep repair " + step.revision +
         "\", then run the command again";
}

std::string NothingToDoMessage(const RunReport& report) {
  if (report.ahead.empty()) return "nothing to do";
  return "nothing to do; the database is ahead of this folder, which lacks " +
         Join(report.ahead, ", ");
}

std::string MessageOf(const RunReport& report, const MigrationFolder& folder) {
  if (!report.message.empty()) return report.message;
  switch (report.state) {
    case RunState::kDone:
      return DoneMessage(report.steps.size(), report.direction);
    case RunState::kNothingToDo:
      return NothingToDoMessage(report);
    case RunState::kInvalid:
      return InvalidMessage(report.diagnostics);
    case RunState::kFailed:
      return FailedMessage(report, folder);
    case RunState::kDeferred:
      return DeferredMessage(report);
    case RunState::kStopped:
      return "stopped on request";
    case RunState::kBusy:
      return "the migration lock was not free in time; nothing was done";
    case RunState::kUnknown:
      return "a statement outside a transaction was interrupted; it waits for \"lockstep resolve\"";
  }
  return "";
}

// What some findings ask for.
std::string RemedyFor(const Diagnostics& diagnostics) {
  for (const Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.code == "alembic-not-adopted") return "lockstep adopt alembic";
    if (diagnostic.code == "changed-file") return "lockstep repair";
  }
  return "";
}

std::string NextOf(const RunReport& report, const std::string& goal) {
  const std::string again = std::string("lockstep ") +
                            (report.direction == Direction::kUp ? "upgrade " : "downgrade ") + goal;
  switch (report.state) {
    case RunState::kDeferred:
    case RunState::kStopped:
      return again;
    case RunState::kBusy:
      return "lockstep lock show";
    case RunState::kFailed:
      return report.steps.empty() || report.direction == Direction::kUp
                 ? again
                 : "lockstep repair " + report.steps.back().revision;
    case RunState::kUnknown:
      return report.steps.empty() ? "lockstep status"
                                  : "lockstep resolve " + report.steps.back().revision;
    case RunState::kInvalid:
    case RunState::kNothingToDo:
      return RemedyFor(report.diagnostics);
    case RunState::kDone:
      return "";
  }
  return "";
}

// The folder's warnings too, unless its errors are all there is.
Diagnostics AllDiagnostics(const RunReport& report, const MigrationFolder& folder) {
  Diagnostics all = folder.ok() ? folder.diagnostics() : Diagnostics();
  all.insert(all.end(), report.diagnostics.begin(), report.diagnostics.end());
  return all;
}

json::value BackupDocument(const RunReport& report) {
  if (report.backup_path.empty()) return nullptr;
  return json::object{{"path", report.backup_path}};
}

}  // namespace

json::value FailureDocument(const StepReport& step) {
  return std::visit(ToFailure{step}, step.result);
}

json::value FailureDocument(const RunReport& report) {
  return report.steps.empty() ? json::value(nullptr) : FailureDocument(report.steps.back());
}

json::object RunDocument(const RunReport& report, const MigrationFolder& folder,
                         const std::string& goal) {
  return {{"state", NameOf(report.state)},
          {"direction", NameOf(report.direction)},
          {"goal", goal},
          {"run_id", TextOrNull(report.run_id)},
          {"applied", StepsDocument(report, folder, Direction::kUp)},
          {"rolled_back", StepsDocument(report, folder, Direction::kDown)},
          {"not_run", ToJson(report.not_run)},
          {"heads", ToJson(report.heads)},
          {"ahead", ToJson(report.ahead)},
          {"lock_wait_seconds", report.lock_wait_seconds},
          {"busy_holder", TextOrNull(report.busy_holder)},
          {"backup", BackupDocument(report)},
          {"error", FailureDocument(report)},
          {"message", MessageOf(report, folder)},
          {"next", TextOrNull(NextOf(report, goal))},
          {"diagnostics", ToJson(AllDiagnostics(report, folder))}};
}

}  // namespace lockstep
