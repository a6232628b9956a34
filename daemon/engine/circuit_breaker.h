// Ends our own attempt before the application notices it.
//
// lock_timeout counts per lock and says nothing of those who queue behind us; only a look from
// beside tells how many wait, and for how long.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "core/table_lock_limits.h"
#include "postgres/blockers.h"

namespace lockstep {

enum class BreakCause { kVictims, kVictimWait, kMaxHold };

// "21 sessions waited for it": the end of a sentence.
std::string ToText(BreakCause cause, const Strain& worst);

std::string_view NameOf(BreakCause cause);  // "victim_wait"

// Sees one attempt from its beginning to its end. Thread: the watcher's.
class CircuitBreaker {
 public:
  // `long_hold`: the locks may be held for as long as the work takes, whoever waits for it; the
  // wait for them is limited all the same.
  CircuitBreaker(const TableLockLimits& limits, bool long_hold)
      : limits_(limits), long_hold_(long_hold) {}

  // The cause when the attempt has to end now.
  std::optional<BreakCause> See(const Strain& strain, SteadyTime now);

  // The most victims and the longest wait that were seen.
  const Strain& worst() const { return worst_; }

 private:
  TableLockLimits limits_;
  bool long_hold_;
  Strain worst_;
  std::optional<SteadyTime> held_since_;
};

}  // namespace lockstep
