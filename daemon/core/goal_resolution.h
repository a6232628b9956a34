// What a goal means against the folder and the history: the revisions that it names. Pure.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/diagnostic.h"
#include "core/goal.h"
#include "core/history.h"
#include "core/migration_folder.h"
#include "core/revision_graph.h"

namespace lockstep {

// The revisions that a goal names, none of them for the base; or why it names nothing. Codes:
// unknown-revision (the runbook's "Can't locate revision identified by"), ambiguous-revision,
// several-heads, out-of-range.
using ResolvedGoal = std::variant<std::vector<std::string>, Diagnostic>;

// "-N": counted back from where the database stands.
bool LeadsBack(const Goal& goal);

// What the goal names to who goes forward: steps are counted along the folder's graph.
// REQUIRES: !LeadsBack(goal).
ResolvedGoal ResolveForUpgrade(const Goal& goal, const MigrationFolder& folder,
                               const History& history);

// What the goal names to who goes back: steps are counted along `joined`, which holds what only the
// history knows as well, and of revisions that begin alike the applied ones go first, since a
// rollback can only lead to one of them. REQUIRES: !LeadsBack(goal).
ResolvedGoal ResolveForDowngrade(const Goal& goal, const MigrationFolder& folder,
                                 const RevisionGraph& joined, const History& history);

// The revisions that "-N" rolls back, newest first. REQUIRES: goal.offset <= 0.
ResolvedGoal LastApplied(const History& history, const Goal& goal);

// The revisions that must be applied for `goal` to be reached from `history`: what `stamp` records
// and `wait` waits for.
ResolvedGoal RevisionsAt(const MigrationFolder& folder, const History& history, const Goal& goal);

}  // namespace lockstep
