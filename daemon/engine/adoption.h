// A database that another tool has migrated so far.
#pragma once

#include <optional>

#include "base/diagnostic.h"
#include "postgres/history_table.h"

namespace lockstep {

// Alembic has migrated this database and our history is empty: migrating it again from the
// beginning would meet its tables. Code: alembic-not-adopted.
std::optional<Diagnostic> FindUnadoptedAlembic(const Look& look, const BookkeepingNames& names);

}  // namespace lockstep
