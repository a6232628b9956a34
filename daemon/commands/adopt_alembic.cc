#include "base/error.h"
#include "base/text.h"
#include "commands/commands.h"
#include "commands/documents.h"
#include "commands/recorded_change.h"
#include "commands/target_access.h"

namespace lockstep {
namespace {

// As "alembic downgrade base" leaves it.
Diagnostic NoRow(const RunSettings& settings) {
  return {.code = "no-alembic-row",
          .message = "there is nothing to adopt: \"" + settings.names.alembic_table +
                     "\" has no row, so Alembic has applied nothing here",
          .hint = "start with the first migration: lockstep upgrade"};
}

Diagnostic NotThere(const RunSettings& settings) {
  return {.code = "no-alembic-table",
          .message = "there is nothing to adopt: \"" + settings.names.alembic_table +
                     "\" does not exist or cannot be read",
          .hint =
              "name another table with alembic_table, or record where the database stands: "
              "lockstep stamp GOAL"};
}

Diagnostic HistoryNotEmpty(const History& history) {
  return {.code = "history-not-empty",
          .message = "this database has a history of " +
                     Count(history.entries().size(), "revision", "revisions") +
                     " already; it cannot be adopted again",
          .hint = "to record another place, use \"lockstep stamp GOAL --purge\""};
}

// Alembic's own words, which the runbook quotes.
Diagnostic CannotLocate(const std::string& revision, const RunSettings& settings,
                        const std::string& folder) {
  return {.code = "unknown-revision",
          .file = folder,
          .message = "Can't locate revision identified by '" + revision + "', which \"" +
                     settings.names.alembic_table + "\" names",
          .hint =
              "bring its files into the folder, from the release that applied it; or take the "
              "database back with Alembic to a revision that this folder has; or, when its changes "
              "are known to be in another revision, correct the row"};
}

Diagnostics WhyNot(const CommandContext& context, const MigrationFolder& folder, const Look& look) {
  const RunSettings& settings = context.settings.run;
  if (!look.history.empty()) return {HistoryNotEmpty(look.history)};
  if (!look.alembic) return {NotThere(settings)};
  if (look.alembic->empty()) return {NoRow(settings)};
  Diagnostics reasons;
  for (const std::string& head : *look.alembic) {
    if (folder.Find(head) != nullptr) continue;
    reasons.push_back(CannotLocate(head, settings, context.settings.folder));
  }
  return reasons;
}

std::vector<HistoryChange> AncestorsOf(const MigrationFolder& folder,
                                       const std::vector<std::string>& heads) {
  const auto ancestors = folder.graph().AncestorsOf(heads);
  std::vector<HistoryChange> changes;
  for (const Migration& migration : folder.migrations()) {
    if (!ancestors.contains(migration.revision)) continue;
    changes.push_back(PresentChange(migration, "adopted"));
  }
  return changes;
}

json::object AdoptDocument(const MigrationFolder& folder, const Look& look,
                           const std::vector<HistoryChange>& changes) {
  json::array adopted;
  std::set<std::string, std::less<>> revisions;
  for (const HistoryChange& change : changes) {
    adopted.emplace_back(change.revision);
    revisions.insert(change.revision);
  }
  const std::size_t pending = folder.migrations().size() - changes.size();
  return {{"alembic_heads", ToJson(*look.alembic)},
          {"adopted", std::move(adopted)},
          {"heads", ToJson(folder.graph().HeadsAmong(revisions))},
          {"message", Count(changes.size(), "revision", "revisions") +
                          " recorded as applied; nothing was run"},
          {"next", pending > 0 ? json::value("lockstep upgrade") : nullptr}};
}

CommandAnswer Adopt(const CommandContext& context, const MigrationFolder& folder) {
  CommandAnswer answer;
  WithMigrationLock(context, "adopt", [&](LockedTarget& target) {
    const Diagnostics reasons = WhyNot(context, folder, target.look);
    if (!reasons.empty()) {
      answer = Refuse("nothing was adopted", reasons);
      return;
    }
    // The table says already what it has to say.
    const std::vector<HistoryChange> changes = AncestorsOf(folder, *target.look.alembic);
    RecordChanges(target.session, context.settings.run.names, target.run, changes, std::nullopt);
    answer.document = AdoptDocument(folder, target.look, changes);
  });
  return answer;
}

}  // namespace

CommandAnswer RunAdoptAlembic(const CommandContext& context, const CommandRequest&) {
  const MigrationFolder folder = LoadFolder(context.settings);
  if (auto refusal = RefuseFolder(folder)) return *refusal;
  // Looked at first, so that a refusal installs nothing.
  const Look look = LookAtTarget(context.settings, "adopt").look;
  const Diagnostics reasons = WhyNot(context, folder, look);
  CommandAnswer answer =
      reasons.empty() ? Adopt(context, folder) : Refuse("nothing was adopted", reasons);
  answer.document["target"] = TargetName(context.settings);
  if (answer.exit_code == ExitCode::kDone) {
    answer.document["table"] = context.settings.run.names.alembic_table;
  }
  return answer;
}

}  // namespace lockstep
