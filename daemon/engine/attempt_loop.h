// Tries one piece of work until it succeeds, fails for good, must be deferred, or is stopped.
#pragma once

#include <functional>
#include <optional>

#include "engine/lock_acquisition.h"
#include "engine/lock_message.h"
#include "engine/prepared_step.h"

namespace lockstep {

// How one attempt ended. One that failed has left nothing behind.
struct AttemptResult {
  std::optional<SqlFailure> failure;  // nothing: it succeeded
  Sighting seen;                      // what the watcher saw and did meanwhile
  LimitHit limit = LimitHit::kNone;   // of ours, which cancelled it
  bool table_gone = false;            // between finding what to lock and asking for it
  std::size_t statements = 0;         // of the script that the server began
};

// What the next attempt needs, found anew: tables come and go while we wait.
using FindNeeds = std::function<std::variant<LockNeeds, Failed>()>;
using Attempt = std::function<AttemptResult(const Knock&)>;

// An attempt that lost the race for a lock (55P03, 40P01, 40001), or that was cut short for the
// application's sake, is recorded with its blockers and made again, until the deadline of `locks`:
// then the result is Deferred. So it is when the work itself is too long for the locks it holds,
// and after `most_attempts` [no limit].
StepResult RunAttempts(const StepContext& context, const Step& step, LockAcquisition& locks,
                       const FindNeeds& find_needs, const Attempt& attempt,
                       std::optional<int> most_attempts = {});

}  // namespace lockstep
