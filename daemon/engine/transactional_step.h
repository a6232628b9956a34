// Runs one transactional migration: one message with the work, one with the commit.
#pragma once

#include "engine/prepared_step.h"

namespace lockstep {

// Tries the whole transaction again while it loses races for table locks, until the deadline.
// Throws Error kConnectionLost, kInDoubt (during the commit) and kFenced; everything that
// PostgreSQL refuses is in the report. `attempt` is the UUID under which the history would hold it.
StepReport RunTransactionalStep(const StepContext& context, const PreparedStep& prepared,
                                const std::string& attempt);

}  // namespace lockstep
