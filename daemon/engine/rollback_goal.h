// The goal that takes the newest migration away, and nothing else where the graph lets it. Pure.
#pragma once

#include <cstddef>

#include "core/goal.h"
#include "core/migration_folder.h"

namespace lockstep {

struct RollbackGoal {
  Goal goal;
  std::size_t keeps = 0;  // of folder.migrations(), this many from the front stay applied
};

// For a database on which exactly the first `applied` of folder.migrations() are applied. On a
// single line each migration comes off alone. Where branches stand side by side, no goal takes only
// the first migration of a branch away: it comes off together with those that a goal cannot part
// from it, and what stays is always a front part of the order, whose schema is known. REQUIRES:
// applied > 0.
RollbackGoal NewestRollback(const MigrationFolder& folder, std::size_t applied);

}  // namespace lockstep
