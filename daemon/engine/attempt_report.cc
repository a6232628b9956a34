#include "engine/attempt_report.h"

namespace lockstep {

std::string_view NameOf(AttemptOutcome outcome) {
  switch (outcome) {
    case AttemptOutcome::kDone:
      return "done";
    case AttemptOutcome::kFailed:
      return "failed";
    case AttemptOutcome::kStopped:
      return "stopped";
    case AttemptOutcome::kLockTimeout:
      return "lock_timeout";
    case AttemptOutcome::kDeadlock:
      return "deadlock";
    case AttemptOutcome::kSerialization:
      return "serialization";
    case AttemptOutcome::kBreaker:
      return "breaker";
    case AttemptOutcome::kMaxHold:
      return "max_hold";
    case AttemptOutcome::kTableGone:
      return "table_gone";
  }
  return {};
}

}  // namespace lockstep
