// How long `wait` waits, as people write it.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"

namespace lockstep {

// "10m"; nothing for "forever". Throws Error kUsage.
std::optional<Duration> WaitTimeoutFrom(const std::string& text);

}  // namespace lockstep
