// A database that another tool has migrated so far, and whose applications may read that tool's
// table.
#pragma once

#include <optional>

#include "base/diagnostic.h"
#include "engine/runner.h"
#include "postgres/history_table.h"

namespace lockstep {

// Alembic has migrated this database and our history is empty: migrating it again from the
// beginning would meet its tables. Code: alembic-not-adopted.
std::optional<Diagnostic> FindUnadoptedAlembic(const Look& look, const BookkeepingNames& names);

// Whether `alembic_version` is to name the database's heads from now on; creates the table when it
// always is. REQUIRES: the migration lock is held.
bool KeepsAlembicInStep(Session& session, const RunSettings& settings, const Look& look);

}  // namespace lockstep
