#include "engine/run_observer.h"

namespace lockstep {

std::string_view NameOf(LockMiss miss) {
  switch (miss) {
    case LockMiss::kBusy:
      return "busy";
    case LockMiss::kNotNeeded:
      return "not_needed";
    case LockMiss::kStopped:
      return "stopped";
  }
  return {};
}

}  // namespace lockstep
