#include "core/drift.h"

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include "base/text.h"
#include "core/plan.h"
#include "core/quoted.h"

namespace lockstep {
namespace {

using Revisions = std::vector<std::string>;

std::string Short(const std::string& checksum) {
  return checksum.empty() ? "none" : Quoted(checksum.substr(0, 12));
}

std::string NamesOrBase(const Revisions& parents) {
  return parents.empty() ? Quoted("base") : QuotedList(parents);
}

bool SameParents(const Revisions& a, const Revisions& b) {
  return std::set(a.begin(), a.end()) == std::set(b.begin(), b.end());
}

// What to do about parents that are other ones now.
std::string RemedyForParents(const MigrationFolder& folder, const Migration& migration,
                             const HistoryEntry& entry, const History& history) {
  const auto gone = std::ranges::find_if(
      entry.parents, [&](const std::string& parent) { return folder.Find(parent) == nullptr; });
  if (gone != entry.parents.end()) {
    return "the file of " + Quoted(*gone) + " is not in this folder any more: put it back";
  }
  const auto late = std::ranges::find_if(
      migration.parents, [&](const std::string& parent) { return !history.IsApplied(parent); });
  if (late == migration.parents.end()) {
    return "put `revises` back as it was, or accept it as it is: `lockstep repair " +
           migration.revision + "`";
  }
  return "the file of " + Quoted(*late) + " came late and sorts before applied ones: rename it " +
         "so that it sorts last, or give it a `revises` line and " + Quoted(migration.revision) +
         " the line `-- revises: " + (entry.parents.empty() ? "none" : Join(entry.parents, ", ")) +
         "`";
}

Diagnostic ChangedParents(const MigrationFolder& folder, const Migration& migration,
                          const HistoryEntry& entry, const History& history) {
  return {.code = "changed-parents",
          .file = migration.up.file,
          .message = "revision " + Quoted(migration.revision) + " now revises " +
                     NamesOrBase(migration.parents) + ", but was applied after " +
                     NamesOrBase(entry.parents),
          .hint = RemedyForParents(folder, migration, entry, history)};
}

// Statements outside a transaction were undone, and the history still has the revision as applied.
Diagnostic HalfRolledBack(const Migration& migration) {
  return {.code = "half-rolled-back",
          .file = migration.up.file,
          .message = "the rollback of revision " + Quoted(migration.revision) +
                     " was interrupted: a part of what it made may be gone",
          .hint = "finish the rollback: `lockstep downgrade -1`; an upgrade applies it again then"};
}

Diagnostic AsWarning(Diagnostic diagnostic) {
  diagnostic.severity = Severity::kWarning;
  return diagnostic;
}

void CompareApplied(const MigrationFolder& folder, const Migration& migration,
                    const HistoryEntry& entry, const History& history, Diagnostics& drift) {
  if (entry.up_checksum != migration.up.checksum) {
    drift.push_back(ChangedFile(migration.up, entry.revision, entry.up_checksum));
  }
  if (migration.down && migration.down->checksum != entry.down_checksum) {
    drift.push_back(AsWarning(ChangedFile(*migration.down, entry.revision, entry.down_checksum)));
  }
  if (!SameParents(entry.parents, migration.parents)) {
    drift.push_back(ChangedParents(folder, migration, entry, history));
  }
  if (!history.ProgressOf(entry.revision, NameOf(Direction::kDown)).empty()) {
    drift.push_back(HalfRolledBack(migration));
  }
}

}  // namespace

std::vector<std::string> AheadOf(const MigrationFolder& folder, const History& history) {
  Revisions ahead;
  for (const HistoryEntry& entry : history.entries()) {
    if (entry.present && folder.Find(entry.revision) == nullptr) ahead.push_back(entry.revision);
  }
  return ahead;
}

Diagnostics DriftOf(const MigrationFolder& folder, const History& history) {
  Diagnostics drift;
  for (const Migration& migration : folder.migrations()) {
    const HistoryEntry* entry = history.Find(migration.revision);
    if (entry != nullptr && entry->present) {
      CompareApplied(folder, migration, *entry, history, drift);
    }
  }
  return drift;
}

Diagnostic AheadOfFolder(const HistoryEntry& entry) {
  std::string hint =
      "it is applied in this database, and this folder has no file of it: a newer release migrated "
      "the database, or the file was removed; use the folder of that release";
  if (!entry.parents.empty()) {
    hint += ", or roll it back by its stored down script: `lockstep downgrade " +
            entry.parents.front() + "`";
  }
  return {.code = "unknown-revision",
          .message = "Can't locate revision identified by '" + entry.revision + "'",
          .hint = std::move(hint)};
}

Diagnostic ChangedFile(const Script& now, const std::string& revision,
                       const std::string& recorded) {
  return {.code = "changed-file",
          .file = now.file,
          .message = "this was changed after revision " + Quoted(revision) +
                     " had been applied: its checksum is " + Short(now.checksum) +
                     ", recorded is " + Short(recorded),
          .hint = "put the file back as it was, or accept it as it is: `lockstep repair " +
                  revision + "`"};
}

}  // namespace lockstep
