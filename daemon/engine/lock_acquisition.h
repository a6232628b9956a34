// How a step gets its table locks: it looks first, and knocks only when the application will not
// notice.
//
//            look <-----------------------------+
//             | somebody is in the way: say who, look again after a moment
//             | nobody, or only the young
//             v
//           knock ---- not in time, deadlock, breaker: roll back, pause ----> look
//             | granted
//             v
//           body, COMMIT                     the deadline passes at any point: deferred
//
// Between two attempts nothing is held. There is never a last try without a timeout. Why, with
// figures: docs/table-locks.md.
#pragma once

#include <optional>
#include <random>
#include <variant>
#include <vector>

#include "core/outcome.h"
#include "core/table_lock_limits.h"
#include "engine/backoff.h"
#include "engine/lock_needs.h"
#include "engine/opening.h"
#include "engine/prepared_step.h"

namespace lockstep {

// How the next attempt asks for its locks.
struct Knock {
  Duration lock_timeout{};    // for the first table, or for whatever it waits for
  bool hurry_vacuum = false;  // an autovacuum stands in the way: make it leave
  bool end_blockers = false;  // sessions in the way may be ended by the user's rule
};

// The deadline passed while somebody was in the way.
struct StillBlocked {
  std::vector<Blocker> blockers;
};

using Approach = std::variant<Knock, StillBlocked, Stopped>;

// One step's attempts, or those of one statement outside a transaction.
// Thread: run.
class LockAcquisition {
 public:
  // All of it is borrowed and outlives this.
  LockAcquisition(const StepContext& context, const Step& step, const TableLockLimits& limits);

  // Looks until it is time to knock for `needs`. Without targets, or without an answer, that is at
  // once.
  Approach WaitForOpening(LockNeeds needs);

  // An attempt that began after WaitForOpening was lost: the pause before the next look, or nothing
  // when the deadline would come first. Whoever waited for us gets time to be served.
  std::optional<Duration> PauseAfterLoss(double worst_victim_wait_seconds);

  // Who is in the way now, as far as anybody can tell.
  std::vector<Blocker> Look();

  const TableLockLimits& limits() const { return limits_; }
  // Of the attempt that is under way.
  const LockNeeds& needs() const { return needs_; }
  int attempts() const { return attempts_; }
  // Time spent in looking, in attempts that were lost, and in the pauses after them.
  double wait_seconds() const { return wait_seconds_; }

 private:
  EndingRule EndingRuleNow() const;
  std::vector<Blocker> Holders();
  bool MayHurryVacuum();
  Knock KnockAt(Opening opening);
  std::vector<Blocker> ReadersOnStandbys();
  Duration NextLook();
  bool IsPast(SteadyTime time) const { return time >= began_ + limits_.lock_deadline; }

  const StepContext& context_;
  const Step& step_;
  TableLockLimits limits_;
  LockNeeds needs_;
  Backoff backoff_;
  SteadyTime began_;
  int attempts_ = 0;
  double wait_seconds_ = 0;
  std::optional<bool> may_hurry_vacuum_;
};

}  // namespace lockstep
