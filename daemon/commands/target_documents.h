// The documents `status`, `history`, `plan` and `blockers` of docs/json.md, made from what is at
// hand: a folder, a session, and one look for all of them.
#pragma once

#include <string>

#include "commands/target_access.h"

namespace lockstep {

// Each is byte by byte what the command without options answers for the same folder and look, a
// refusal of a broken folder included. Each asks short questions by the session but
// HistoryDocument, which asks nothing. Throw Error.
json::object StatusDocument(const Settings& settings, const MigrationFolder& folder,
                            const SeenTarget& seen);
json::object HistoryDocument(const Settings& settings, const MigrationFolder& folder,
                             const SeenTarget& seen);
// Of an upgrade to `goal`.
json::object PlanDocument(const Settings& settings, const MigrationFolder& folder,
                          const SeenTarget& seen, const std::string& goal);
json::object BlockersDocument(const Settings& settings, const MigrationFolder& folder,
                              const SeenTarget& seen);

}  // namespace lockstep
