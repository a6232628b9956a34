// GOAL and REVISION as a command's arguments.
#pragma once

#include <string>
#include <vector>

#include "core/goal.h"
#include "core/history.h"
#include "core/migration_folder.h"

namespace lockstep {

// Throws Error kUsage with what would have been understood.
Goal GoalFrom(const std::string& text);

// The one revision of folder or history that `text` names or is the only prefix of; "head" and the
// like too, when they mean one revision. Throws Error kUsage with the runbook's "Can't locate
// revision identified by", or with the candidates.
std::string RevisionFrom(const MigrationFolder& folder, const History& history,
                         const std::string& text);

}  // namespace lockstep
