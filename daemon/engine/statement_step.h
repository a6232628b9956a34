// Runs a migration whose statements stand outside a transaction, one message each, and finds its
// way back in after an interruption.
#pragma once

#include <vector>

#include "engine/prepared_step.h"

namespace lockstep {

// `progress`: what an earlier, interrupted attempt recorded. Statements that are done are not run
// again; one that was begun is looked up in the catalog. Throws Error kConnectionLost, kInDoubt and
// kFenced.
StepReport RunStatementStep(const StepContext& context, const PreparedStep& prepared,
                            const std::string& attempt, const std::vector<ProgressRow>& progress);

}  // namespace lockstep
