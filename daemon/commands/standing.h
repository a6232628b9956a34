// Where the database stands against the folder: what `current` and `status` both say.
#pragma once

#include <string>

#include "base/json.h"
#include "commands/migration_document.h"
#include "core/database_state.h"
#include "postgres/history_table.h"

namespace lockstep {

struct Standing {
  DatabaseState state = DatabaseState::kEmpty;
  json::object
      document;  // state, revisions, heads, pending, pending_revisions, ahead, message, next
};

Standing StandingOf(const MigrationFolder& folder, const Look& look, const BookkeepingNames& names);

}  // namespace lockstep
