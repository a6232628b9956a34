// How a step gets its table locks: how long one attempt may wait, and what follows one that lost.
//
// An attempt is the whole transaction. One that waits too long is rolled back, so that nobody
// queues behind it, and is tried again after a pause in which nothing is held, until the deadline.
// There is never a last try without a timeout.
#pragma once

#include <optional>
#include <random>

#include "base/clock.h"
#include "core/migration.h"
#include "engine/backoff.h"
#include "engine/runner.h"

namespace lockstep {

// The settings, with what a script's header says for itself.
struct TableLockLimits {
  Duration lock_timeout;
  Duration lock_deadline;
  Duration statement_timeout;  // 0: none
};
TableLockLimits LimitsFor(const RunSettings& settings, const LockLimits& own);

// One step's attempts.
// Thread: run.
class LockAcquisition {
 public:
  LockAcquisition(const TableLockLimits& limits, Clock& clock, std::mt19937_64& random);

  // For the next attempt: never beyond the deadline.
  Duration lock_timeout() const;
  void AttemptBegins();
  // An attempt that began with AttemptBegins lost the race for a lock: the pause before the next,
  // or nothing when the deadline has come.
  std::optional<Duration> PauseAfterLoss();

  int attempts() const { return attempts_; }
  // Time spent in attempts that lost, and in the pauses after them.
  double wait_seconds() const;

 private:
  TableLockLimits limits_;
  Clock& clock_;
  Backoff backoff_;
  SteadyTime began_;
  SteadyTime attempt_began_;
  int attempts_ = 0;
};

}  // namespace lockstep
