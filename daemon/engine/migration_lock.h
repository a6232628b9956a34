// Gets the migration lock by polling, and installs the bookkeeping on the way when it is not there.
#pragma once

#include <functional>
#include <random>
#include <string>
#include <variant>

#include "base/clock.h"
#include "base/stop.h"
#include "core/outcome.h"
#include "engine/run_observer.h"
#include "engine/runner.h"
#include "postgres/advisory_lock.h"

namespace lockstep {

struct MigrationLock {
  LockKey key;
  double waited_seconds = 0;
};
// Somebody else had it for as long as we may wait.
struct LockBusy {
  std::string holder;  // a sentence
};
// What we wanted to do has been done by the holder meanwhile.
struct LockNotNeeded {};

using LockResult = std::variant<MigrationLock, LockBusy, LockNotNeeded, Stopped>;

// Between two polls nothing is held. `still_needed` is asked after each poll that failed (empty:
// always needed). With the lock the bookkeeping schema is there, in this program's format.
// REQUIRES: RequireWritable has passed.
// Thread: run.
LockResult AcquireMigrationLock(Session& session, const RunSettings& settings, Clock& clock,
                                RunObserver& observer, std::mt19937_64& random,
                                const StopTokens& stop,
                                const std::function<bool()>& still_needed = {});

}  // namespace lockstep
