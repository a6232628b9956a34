// Makes the plan from the folder, the history and the goal. Pure: the same input gives the same
// plan.
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

// The steps that bring a database with `history` up to `goal`. Codes: unknown-revision (the
// runbook's "Can't locate revision identified by"), ambiguous-revision, several-heads,
// changed-file, changed-parents, wrong-direction, out-of-range. REQUIRES: folder.ok().
PlanResult MakeUpgradePlan(const MigrationFolder& folder, const History& history, const Goal& goal);

// The down script of an applied revision as it was stored at apply time; called for revisions whose
// file is not in the folder, or whose file changed since.
using StoredDown = std::function<std::string(const std::string& revision)>;

// The steps that roll a database back to `goal`, newest first. Codes as above, and irreversible,
// no-down-script.
PlanResult MakeDowngradePlan(const MigrationFolder& folder, const History& history,
                             const Goal& goal, const StoredDown& stored_down);

// The revisions that must be applied for `goal` to be reached from `history`: what `stamp` records
// and `wait` waits for.
std::variant<std::vector<std::string>, Diagnostic> RevisionsAt(const MigrationFolder& folder,
                                                               const History& history,
                                                               const Goal& goal);

// Where the database stands against this folder.
enum class DatabaseState { kEmpty, kAtHead, kPending, kAhead, kFailed, kDeferred };
std::string_view NameOf(DatabaseState state);  // "at_head"
DatabaseState StateOf(const MigrationFolder& folder, const History& history);

// Whether a statement of `revision` was interrupted and only a person can say how it ended.
bool AwaitsResolution(const History& history, std::string_view revision);
std::vector<std::string> PendingRevisions(const MigrationFolder& folder, const History& history);

}  // namespace lockstep
