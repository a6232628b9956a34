// What the two kinds of steps share about their table locks: what they need, what is refused, who
// watches.
#pragma once

#include <variant>
#include <vector>

#include "core/outcome.h"
#include "core/table_lock_limits.h"
#include "engine/lock_acquisition.h"
#include "engine/lock_needs.h"
#include "engine/prepared_step.h"

namespace lockstep {

// What core/long_work_refusal says of each step, with the tables as they are now: in one round
// trip.
Diagnostics RefuseLongSteps(Session& session, const BodyNames& names, const RunSettings& settings,
                            const std::vector<PreparedStep>& steps);

// Looked up at this moment, since the steps before this one may have changed the tables. Failed
// when one of `statements` takes long under a strong lock on a table that is not small and that the
// file does not acknowledge.
std::variant<LockNeeds, Failed> FindLockNeeds(const StepContext& context,
                                              const PreparedStep& prepared,
                                              const TableLockLimits& limits,
                                              const std::vector<Statement>& statements);

// How an attempt in a transaction is watched.
WatchOrder WatchOrderFor(const StepContext& context, const LockNeeds& needs, const Knock& knock,
                         const TableLockLimits& limits);

}  // namespace lockstep
