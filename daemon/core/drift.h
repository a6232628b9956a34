// What differs between the folder and the history: what only the database has, and what changed
// after it had been applied. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "core/history.h"
#include "core/migration.h"
#include "core/migration_folder.h"

namespace lockstep {

// Applied revisions that the folder does not have, in the order of the history.
std::vector<std::string> AheadOf(const MigrationFolder& folder, const History& history);

// Everything that is applied and looks different now. Codes: changed-file, changed-parents,
// half-rolled-back. A changed down script is a warning: it is looked at again when it is to run.
Diagnostics DriftOf(const MigrationFolder& folder, const History& history);

// The way out of an applied revision that stands in the way because the folder lacks it. Code:
// unknown-revision.
Diagnostic AheadOfFolder(const HistoryEntry& entry);

// Code: changed-file. `recorded` is the checksum under which `revision` was applied.
Diagnostic ChangedFile(const Script& now, const std::string& revision, const std::string& recorded);

}  // namespace lockstep
