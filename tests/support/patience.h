// How long a test waits for what must come, before it says what came instead.
#pragma once

#include <chrono>

namespace lockstep {

// Less than ctest's own limit, which says nothing, and far more than the slowest machine needs: no
// verdict depends on it.
inline constexpr std::chrono::milliseconds kPatience = std::chrono::minutes(4);

}  // namespace lockstep
