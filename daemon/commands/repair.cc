#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "commands/commands.h"
#include "commands/documents.h"
#include "commands/goal_argument.h"
#include "commands/migration_document.h"
#include "commands/recorded_change.h"
#include "commands/target_access.h"
#include "commands/text_difference.h"

namespace lockstep {
namespace {

bool ParentsChanged(const Migration& migration, const HistoryEntry& entry) {
  std::vector<std::string> recorded = entry.parents, now = migration.parents;
  std::sort(recorded.begin(), recorded.end());
  std::sort(now.begin(), now.end());
  return recorded != now;
}

// Applied revisions whose files are not what was recorded; `only`: this one, unless it is empty.
std::vector<std::string> RevisionsToRepair(const MigrationFolder& folder, const History& history,
                                           const std::string& only) {
  std::vector<std::string> revisions;
  for (const Migration& migration : folder.migrations()) {
    const HistoryEntry* entry = history.Find(migration.revision);
    if (entry == nullptr || !entry->present) continue;
    if (!only.empty() && migration.revision != only) continue;
    if (UpChanged(migration, *entry) || DownChanged(migration, *entry) ||
        ParentsChanged(migration, *entry)) {
      revisions.push_back(migration.revision);
    }
  }
  return revisions;
}

json::object UpDocument(const Migration& migration, const HistoryEntry& entry) {
  return {{"recorded", TextOrNull(entry.up_checksum)},
          {"folder", migration.up.checksum},
          {"changed", UpChanged(migration, entry)}};
}

std::string DownDifference(const Migration& migration, const HistoryEntry& entry,
                           const std::string& stored) {
  if (!DownChanged(migration, entry)) return "";
  return UnifiedDifference(stored, migration.down->text, "stored when applied",
                           migration.down->file);
}

json::object DownDocument(const Migration& migration, const HistoryEntry& entry,
                          const std::string& difference) {
  return {{"recorded", TextOrNull(entry.down_checksum)},
          {"folder", TextOrNull(migration.down ? migration.down->checksum : "")},
          {"changed", DownChanged(migration, entry)},
          {"difference", TextOrNull(difference)}};
}

json::object ParentsDocument(const Migration& migration, const HistoryEntry& entry) {
  return {{"recorded", ToJson(entry.parents)},
          {"folder", ToJson(migration.parents)},
          {"changed", ParentsChanged(migration, entry)}};
}

std::string ListOrNone(const std::vector<std::string>& parents) {
  return parents.empty() ? "none" : Join(parents, ", ");
}

// What a person sees before they agree.
std::string Shown(const Migration& migration, const HistoryEntry& entry,
                  const std::string& difference) {
  std::string text = "revision \"" + migration.revision + "\" differs from what was applied\n";
  if (UpChanged(migration, entry)) {
    text += "  " + migration.up.file + ": recorded " + entry.up_checksum + ", now " +
            migration.up.checksum + " (the text of an up script is not stored)\n";
  }
  if (ParentsChanged(migration, entry)) {
    text += "  revises: recorded " + ListOrNone(entry.parents) + ", now " +
            ListOrNone(migration.parents) + "\n";
  }
  return text + difference;
}

// One revision's difference, as a document and in words.
struct Repair {
  std::string revision;
  json::object document;
  std::string shown;
};

Repair MakeRepair(const Migration& migration, const HistoryEntry& entry,
                  const std::string& stored) {
  const std::string difference = DownDifference(migration, entry, stored);
  return {migration.revision,
          {{"revision", migration.revision},
           {"up", UpDocument(migration, entry)},
           {"down", DownDocument(migration, entry, difference)},
           {"parents", ParentsDocument(migration, entry)}},
          Shown(migration, entry, difference)};
}

std::vector<Repair> FindRepairs(const CommandContext& context, const MigrationFolder& folder,
                                const SeenTarget& seen, const std::string& only) {
  std::vector<Repair> repairs;
  for (const std::string& revision : RevisionsToRepair(folder, seen.history(), only)) {
    const std::string stored = ReadStoredDown(seen.session(), context.settings.run.names, revision);
    repairs.push_back(MakeRepair(*folder.Find(revision), *seen.history().Find(revision), stored));
  }
  return repairs;
}

// How long it once ran stays known.
HistoryChange RepairedChange(const Migration& migration, const HistoryEntry& entry) {
  HistoryChange change = PresentChange(migration, "repaired");
  change.duration_seconds = entry.duration_seconds;
  change.lock_wait_seconds = entry.lock_wait_seconds;
  change.attempts = entry.attempts;
  change.backup_path = entry.backup_path;
  return change;
}

void Record(const CommandContext& context, const MigrationFolder& folder, const std::string& only,
            const std::vector<Repair>& agreed) {
  WithMigrationLock(context, "repair", [&](LockedTarget& target) {
    const History& history = target.look.history;
    const std::vector<std::string> revisions = RevisionsToRepair(folder, history, only);
    const bool same = std::equal(revisions.begin(), revisions.end(), agreed.begin(), agreed.end(),
                                 [](const std::string& revision, const Repair& repair) {
                                   return revision == repair.revision;
                                 });
    if (!same) {
      throw Error(ErrorCode::kBusy, "the history changed while the question was open",
                  "nothing was recorded; look again: lockstep repair");
    }
    std::vector<HistoryChange> changes;
    for (const std::string& revision : revisions) {
      changes.push_back(RepairedChange(*folder.Find(revision), *history.Find(revision)));
    }
    RecordChanges(target.session, context.settings.run.names, target.run, changes, std::nullopt);
  });
}

void AskAbout(const CommandContext& context, const std::vector<Repair>& repairs) {
  for (const Repair& repair : repairs) context.observer.OnMessage(repair.shown);
  RequireConfirmation(context.confirm, "record " + Count(repairs.size(), "revision", "revisions") +
                                           " as this folder has them? Nothing is run");
}

json::object RepairDocument(std::vector<Repair> repairs) {
  const std::string message = repairs.empty()
                                  ? "no applied revision differs from this folder"
                                  : Count(repairs.size(), "revision", "revisions") +
                                        " recorded as this folder has them; nothing was run";
  const bool repaired = !repairs.empty();
  json::array list;
  for (Repair& repair : repairs) list.push_back(std::move(repair.document));
  return {{"repairs", std::move(list)}, {"repaired", repaired}, {"message", message}};
}

}  // namespace

CommandAnswer RunRepair(const CommandContext& context, const CommandRequest& request) {
  const MigrationFolder folder = LoadFolder(context.settings);
  if (auto refusal = RefuseFolder(folder)) return *refusal;
  std::string only;
  std::vector<Repair> repairs;
  {
    // Closed before the question: nobody knows how long a person thinks.
    const SeenTarget seen = LookAtTarget(context.settings, "repair");
    if (!request.arguments.empty()) {
      only = RevisionFrom(folder, seen.history(), request.arguments.front());
    }
    repairs = FindRepairs(context, folder, seen, only);
  }
  if (!repairs.empty()) {
    AskAbout(context, repairs);
    Record(context, folder, only, repairs);
  }
  json::object document = RepairDocument(std::move(repairs));
  document["target"] = TargetName(context.settings);
  return {std::move(document)};
}

}  // namespace lockstep
