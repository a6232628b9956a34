// Where a database stands against a folder, in one word.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/history.h"
#include "core/migration_folder.h"

namespace lockstep {

enum class DatabaseState { kEmpty, kAtHead, kPending, kAhead, kFailed, kDeferred };

std::string_view NameOf(DatabaseState state);  // "at_head"

// Of several that are true the most urgent: failed (or awaiting resolution), deferred, empty,
// pending, ahead.
DatabaseState StateOf(const MigrationFolder& folder, const History& history);

// Whether a statement of `revision` was interrupted and only a person can say how it ended.
bool AwaitsResolution(const History& history, std::string_view revision);

// What is not applied, in an order in which it could be.
std::vector<std::string> PendingRevisions(const MigrationFolder& folder, const History& history);

}  // namespace lockstep
