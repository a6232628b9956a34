// Makes the plan from the folder, the history and the goal. Pure: same input, same plan.
#pragma once

#include <functional>
#include <string>
#include <variant>

#include "base/diagnostic.h"
#include "core/goal.h"
#include "core/history.h"
#include "core/migration_folder.h"
#include "core/plan.h"

namespace lockstep {

using PlanResult = std::variant<Plan, Diagnostics>;

// The steps that bring a database with `history` up to `goal`. Codes: those of ResolvedGoal and
// DriftOf, and wrong-direction.
// REQUIRES: folder.ok().
PlanResult MakeUpgradePlan(const MigrationFolder& folder, const History& history, const Goal& goal);

// The down script of an applied revision as it was stored at apply time; called for revisions whose
// file is not in the folder, or whose file changed since.
using StoredDown = std::function<std::string(const std::string& revision)>;

// The steps that roll a database back to `goal`, newest first. Codes as above, and irreversible,
// no-down-script.
PlanResult MakeDowngradePlan(const MigrationFolder& folder, const History& history,
                             const Goal& goal, const StoredDown& stored_down);

}  // namespace lockstep
