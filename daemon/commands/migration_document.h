// One revision as the folder and the database see it together, for people and programs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "core/history.h"
#include "core/migration_folder.h"

namespace lockstep {

// Both borrowed. Without a history (no database was asked) every state is unknown.
struct FolderAndHistory {
  const MigrationFolder& folder;
  const History* history = nullptr;
};

// "applied", "pending", ...: the states of docs/json.md.
std::string_view StateOfRevision(const FolderAndHistory& view, std::string_view revision);

// Whether a script of the folder is not the one that was recorded.
bool UpChanged(const Migration& migration, const HistoryEntry& entry);
bool DownChanged(const Migration& migration, const HistoryEntry& entry);

// All revisions of both, parents first; those that only the database has come last.
std::vector<std::string> AllRevisions(const FolderAndHistory& view);

// Applied revisions that the folder does not have.
std::vector<std::string> AheadRevisions(const FolderAndHistory& view);

json::object MigrationDocument(const FolderAndHistory& view, const std::string& revision);
json::array MigrationDocuments(const FolderAndHistory& view,
                               const std::vector<std::string>& revisions);

}  // namespace lockstep
