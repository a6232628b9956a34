// Tries one piece of work until it succeeds, fails for good, must be deferred, or is stopped.
#pragma once

#include <functional>
#include <optional>

#include "engine/lock_acquisition.h"
#include "engine/prepared_step.h"

namespace lockstep {

// One attempt: nothing when it succeeded. An attempt that failed has left nothing behind.
using Attempt = std::function<std::optional<SqlFailure>()>;

// An attempt that lost the race for a lock (55P03, 40P01, 40001) is made again after a pause, with
// nothing held meanwhile, until the deadline of `locks`: then the result is Deferred.
StepResult RunAttempts(const StepContext& context, const Step& step, LockAcquisition& locks,
                       const Attempt& attempt);

}  // namespace lockstep
