// How one attempt of a step ended, for those who count.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "core/outcome.h"
#include "engine/circuit_breaker.h"

namespace lockstep {

enum class AttemptOutcome {
  kDone,           // it had its table locks, did its work and was committed
  kFailed,         // refused for a reason that trying again does not change
  kStopped,        // on request
  kLockTimeout,    // a lock was not had in time
  kDeadlock,       // the server chose us
  kSerialization,  // 40001
  kBreaker,        // cut short, because others waited for it
  kMaxHold,        // cut short, because it held its locks for too long
  kTableGone,      // between finding what to lock and asking for it
};

std::string_view NameOf(AttemptOutcome outcome);  // "lock_timeout"

// One attempt of a whole transactional step, or of one statement outside a transaction.
struct AttemptReport {
  AttemptOutcome outcome = AttemptOutcome::kDone;
  bool again = false;                // lost, and made again after a pause
  bool table_locks = false;          // it asked for some, or for such as nobody can foresee
  bool strong = false;               // reads or writes would queue behind them
  double seconds = 0;                // from the first message to the last answer, COMMIT included
  std::size_t statements = 0;        // of the script that the server began, a failed one included
  std::optional<SqlError> error;     // as the server said it; of kStopped it may be our own
  std::optional<BreakCause> broken;  // the breaker cancelled it, in time or not
  bool statement_timeout = false;    // the user's; max_hold is none
};

}  // namespace lockstep
