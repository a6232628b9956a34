#include "core/outcome.h"

namespace lockstep {

std::string_view NameOf(RunState state) {
  switch (state) {
    case RunState::kDone:
      return "done";
    case RunState::kNothingToDo:
      return "nothing_to_do";
    case RunState::kInvalid:
      return "invalid";
    case RunState::kFailed:
      return "failed";
    case RunState::kDeferred:
      return "deferred";
    case RunState::kStopped:
      return "stopped";
    case RunState::kBusy:
      return "busy";
    case RunState::kUnknown:
      return "unknown";
  }
  return "unknown";
}

}  // namespace lockstep
