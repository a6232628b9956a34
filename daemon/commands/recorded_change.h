// Rows of the history that are written without running anything.
#pragma once

#include <string>

#include "core/history.h"
#include "core/migration.h"
#include "postgres/history_table.h"

namespace lockstep {

// "Applied, as this folder has it"; `kind`: stamped, adopted, resolved, repaired.
HistoryChange PresentChange(const Migration& migration, const std::string& kind);

// "Applied no longer", for an entry that the folder need not know.
HistoryChange AbsentChange(const HistoryEntry& entry, const std::string& kind);

}  // namespace lockstep
