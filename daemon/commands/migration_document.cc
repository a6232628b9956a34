#include "commands/migration_document.h"

#include <algorithm>

#include "commands/documents.h"

namespace lockstep {
namespace {

bool Contains(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

bool IsRevisedInFolder(const FolderAndHistory& view, std::string_view revision) {
  const auto& entries = view.history->entries();
  return std::any_of(entries.begin(), entries.end(), [&](const HistoryEntry& entry) {
    return entry.present && Contains(entry.parents, revision) &&
           view.folder.Find(entry.revision) != nullptr;
  });
}

std::string_view StateOfApplied(const FolderAndHistory& view, const HistoryEntry& entry) {
  const Migration* migration = view.folder.Find(entry.revision);
  if (migration == nullptr) return IsRevisedInFolder(view, entry.revision) ? "missing" : "ahead";
  return UpChanged(*migration, entry) || DownChanged(*migration, entry) ? "changed" : "applied";
}

std::string_view StateOfPending(const History& history, std::string_view revision) {
  const FailedAttempt* failure = history.FailureOf(revision);
  if (failure != nullptr && failure->outcome == "failed") return "failed";
  if (failure != nullptr && failure->outcome == "deferred") return "deferred";
  return history.ProgressOf(revision, "up").empty() ? "pending" : "started";
}

void AddHistory(json::object& document, const HistoryEntry& entry) {
  document["kind"] = entry.kind;
  if (!entry.present) return;
  document["applied_at"] = ToIso8601(entry.recorded_at);
  document["duration_seconds"] = entry.duration_seconds;
  document["lock_wait_seconds"] = entry.lock_wait_seconds;
  document["attempts"] = entry.attempts;
  document["checksum"] = TextOrNull(entry.up_checksum);
  document["backup_path"] = TextOrNull(entry.backup_path);
  document["irreversible"] = TextOrNull(entry.irreversible);
  document["applied_by"] = json::object{{"role", entry.recorded_by},
                                        {"host", TextOrNull(entry.host)},
                                        {"pid", entry.pid},
                                        {"version", TextOrNull(entry.client_version)}};
}

void AddFiles(json::object& document, const Migration& migration) {
  document["parents"] = ToJson(migration.parents);
  document["description"] = migration.description;
  document["checksum"] = migration.up.checksum;
  document["file"] = migration.up.file;
  if (migration.down) document["down_file"] = migration.down->file;
  document["transactional"] = migration.up.transactional;
  document["irreversible"] = TextOrNull(migration.irreversible.value_or(""));
}

// All keys in the order in which people read them; what is known replaces the nulls.
json::object EmptyDocument(const FolderAndHistory& view, const std::string& revision) {
  return {{"revision", revision},
          {"parents", json::array{}},
          {"description", ""},
          {"state", StateOfRevision(view, revision)},
          {"applied_at", nullptr},
          {"duration_seconds", nullptr},
          {"lock_wait_seconds", nullptr},
          {"attempts", nullptr},
          {"checksum", nullptr},
          {"kind", nullptr},
          {"applied_by", nullptr},
          {"backup_path", nullptr},
          {"file", nullptr},
          {"down_file", nullptr},
          {"transactional", nullptr},
          {"irreversible", nullptr},
          {"is_head", false},
          {"is_current", false},
          {"is_branch_point", false},
          {"is_merge", false},
          {"failure", nullptr}};
}

void AddPlace(json::object& document, const FolderAndHistory& view, const std::string& revision) {
  document["is_merge"] = document["parents"].get_array().size() > 1;
  if (view.history != nullptr) document["is_current"] = Contains(view.history->Heads(), revision);
  if (!view.folder.graph().Contains(revision)) return;
  const std::size_t children = view.folder.graph().ChildrenOf(revision).size();
  document["is_head"] = children == 0;
  document["is_branch_point"] = children > 1;
}

}  // namespace

bool UpChanged(const Migration& migration, const HistoryEntry& entry) {
  return entry.up_checksum != migration.up.checksum;
}

bool DownChanged(const Migration& migration, const HistoryEntry& entry) {
  return migration.down && entry.down_checksum != migration.down->checksum;
}

std::string_view StateOfRevision(const FolderAndHistory& view, std::string_view revision) {
  if (view.history == nullptr) return "unknown";
  const HistoryEntry* entry = view.history->Find(revision);
  if (entry != nullptr && entry->present) return StateOfApplied(view, *entry);
  return StateOfPending(*view.history, revision);
}

std::vector<std::string> AllRevisions(const FolderAndHistory& view) {
  std::vector<std::string> revisions = view.folder.graph().order();
  const std::vector<std::string> ahead = AheadRevisions(view);
  revisions.insert(revisions.end(), ahead.begin(), ahead.end());
  return revisions;
}

std::vector<std::string> AheadRevisions(const FolderAndHistory& view) {
  std::vector<std::string> ahead;
  if (view.history == nullptr) return ahead;
  for (const HistoryEntry& entry : view.history->entries()) {
    if (entry.present && view.folder.Find(entry.revision) == nullptr) {
      ahead.push_back(entry.revision);
    }
  }
  return ahead;
}

json::object MigrationDocument(const FolderAndHistory& view, const std::string& revision) {
  json::object document = EmptyDocument(view, revision);
  const Migration* migration = view.folder.Find(revision);
  const HistoryEntry* entry = view.history == nullptr ? nullptr : view.history->Find(revision);
  if (migration != nullptr) {
    AddFiles(document, *migration);
  } else if (entry != nullptr) {
    document["parents"] = ToJson(entry->parents);
    document["description"] = entry->description;
  }
  if (entry != nullptr) AddHistory(document, *entry);
  AddPlace(document, view, revision);
  const FailedAttempt* failure =
      view.history == nullptr ? nullptr : view.history->FailureOf(revision);
  if (failure != nullptr) document["failure"] = ToJson(*failure);
  return document;
}

json::array MigrationDocuments(const FolderAndHistory& view,
                               const std::vector<std::string>& revisions) {
  json::array list;
  for (const std::string& revision : revisions) list.push_back(MigrationDocument(view, revision));
  return list;
}

}  // namespace lockstep
