#include "commands/exit_code.h"

namespace lockstep {
namespace {

// A run that failed before any step did was ended by a hook or a backup, not by a bad migration.
ExitCode ExitCodeOfFailure(const RunReport& report) {
  const bool a_step_failed =
      !report.steps.empty() && !std::holds_alternative<Applied>(report.steps.back().result);
  return a_step_failed ? ExitCode::kBadMigration : ExitCode::kOther;
}

}  // namespace

ExitCode ExitCodeOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUsage:
      return ExitCode::kUsage;
    case ErrorCode::kUnreachable:
    case ErrorCode::kConnectionLost:
    case ErrorCode::kInDoubt:
      return ExitCode::kUnreachable;
    case ErrorCode::kPermission:
      return ExitCode::kPermission;
    case ErrorCode::kBadSettings:
    case ErrorCode::kPooler:
    case ErrorCode::kStandby:
    case ErrorCode::kReadOnly:
    case ErrorCode::kOldPrimary:
    case ErrorCode::kNewerFormat:
    case ErrorCode::kDamaged:
      return ExitCode::kSettings;
    case ErrorCode::kFileRead:
      return ExitCode::kCannotRead;
    case ErrorCode::kFileWrite:
      return ExitCode::kCannotWrite;
    case ErrorCode::kFenced:
    case ErrorCode::kBusy:
    case ErrorCode::kStopped:
      return ExitCode::kTemporary;
    case ErrorCode::kSql:
    case ErrorCode::kSubprocess:
      return ExitCode::kOther;
    case ErrorCode::kInternal:
      return ExitCode::kInternal;
  }
  return ExitCode::kInternal;
}

ExitCode ExitCodeOf(const RunReport& report) {
  switch (report.state) {
    case RunState::kDone:
    case RunState::kNothingToDo:
      return ExitCode::kDone;
    case RunState::kInvalid:
    case RunState::kUnknown:
      return ExitCode::kBadMigration;
    case RunState::kFailed:
      return ExitCodeOfFailure(report);
    case RunState::kDeferred:
    case RunState::kStopped:
    case RunState::kBusy:
      return ExitCode::kTemporary;
  }
  return ExitCode::kInternal;
}

}  // namespace lockstep
