// A step of a plan with what its statements would lock in this database, and what would be refused.
#pragma once

#include <vector>

#include "commands/target_access.h"
#include "core/plan.h"
#include "postgres/lock_targets.h"

namespace lockstep {

struct PlannedStep {
  const Step& step;                   // borrowed from the plan
  std::vector<Statement> statements;  // places in the file, its variables not replaced
  std::vector<StatementLocks> locks;  // one for each statement
  Diagnostics diagnostics;            // of the script, and long work that nobody acknowledged
};

// As things are now: what a step makes is known to the steps after it as new. One round trip.
// Throws Error.
std::vector<PlannedStep> LookAhead(const SeenTarget& seen, const RunSettings& settings,
                                   const Plan& plan);

}  // namespace lockstep
