#include "engine/circuit_breaker.h"

#include <algorithm>

#include "core/duration.h"

namespace lockstep {

std::string ToText(BreakCause cause, const Strain& worst) {
  switch (cause) {
    case BreakCause::kVictims:
      return std::to_string(worst.victims) + " sessions waited for it";
    case BreakCause::kVictimWait:
      return "a session waited for it for " +
             ToText(std::chrono::duration_cast<Duration>(
                 std::chrono::duration<double>(worst.worst_wait_seconds)));
    case BreakCause::kMaxHold:
      return "it held its table locks for longer than max_hold allows";
  }
  return {};
}

std::string_view NameOf(BreakCause cause) {
  switch (cause) {
    case BreakCause::kVictims:
      return "victims";
    case BreakCause::kVictimWait:
      return "victim_wait";
    case BreakCause::kMaxHold:
      return "max_hold";
  }
  return {};
}

std::optional<BreakCause> CircuitBreaker::See(const Strain& strain, SteadyTime now) {
  worst_.victims = std::max(worst_.victims, strain.victims);
  worst_.worst_wait_seconds = std::max(worst_.worst_wait_seconds, strain.worst_wait_seconds);
  if (!strain.waiting && !held_since_) held_since_ = now;
  if (long_hold_ && !strain.waiting) return {};
  if (strain.victims >= limits_.max_victims) return BreakCause::kVictims;
  if (strain.worst_wait_seconds >= ToSeconds(limits_.max_victim_wait)) {
    return BreakCause::kVictimWait;
  }
  const bool held_too_long = held_since_ && now - *held_since_ >= limits_.max_hold;
  if (held_too_long && !long_hold_) return BreakCause::kMaxHold;
  return {};
}

}  // namespace lockstep
