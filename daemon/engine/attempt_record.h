// What is remembered of an attempt that changed nothing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/blocker.h"
#include "core/history.h"
#include "core/outcome.h"

namespace lockstep {

struct AttemptNumbers {
  double duration_seconds = 0;
  double lock_wait_seconds = 0;
  int attempts = 1;
};

// `outcome`: failed, deferred, stopped, unknown; or lost, when it is tried again.
FailedAttempt MakeFailedAttempt(const Step& step, std::string_view outcome,
                                const SqlFailure& failure, const std::vector<Blocker>& blockers,
                                const AttemptNumbers& numbers);

}  // namespace lockstep
