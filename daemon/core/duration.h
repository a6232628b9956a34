// Durations as people write them: "250ms", "30s", "5min", "2h", "1d".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace lockstep {

// A number without sign, with at most one point, and a unit (us, ms, s, m or min, h, d). "0" needs
// none. Nothing when it is not a duration or does not fit.
std::optional<Duration> ParseDuration(std::string_view text);

// "0.35 s", "12 s", "3 min 20 s", "2 h 5 min": at most two units.
std::string ToText(Duration duration);

// "90s", "1min", "1.5us": exactly this long, as ParseDuration takes it back. Not for negative ones.
std::string ToSetting(Duration duration);

// "30000ms": what PostgreSQL's settings take; rounds up to a millisecond.
std::string ToPostgres(Duration duration);

}  // namespace lockstep
