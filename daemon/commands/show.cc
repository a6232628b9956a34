#include "commands/commands.h"
#include "commands/documents.h"
#include "commands/goal_argument.h"
#include "commands/migration_document.h"
#include "commands/target_access.h"
#include "core/script_rules.h"

namespace lockstep {
namespace {

std::string StoredDownOf(const CommandContext& context, const std::optional<SeenTarget>& seen,
                         const std::string& revision) {
  if (!seen || !seen->history().IsApplied(revision)) return "";
  return ReadStoredDown(seen->session(), context.settings.run.names, revision);
}

void AddScripts(json::object& document, const Migration* migration) {
  document["up"] =
      migration == nullptr ? json::value(nullptr) : json::value(migration->up.text.str());
  const bool has_down = migration != nullptr && migration->down.has_value();
  document["down"] = has_down ? json::value(migration->down->text.str()) : json::value(nullptr);
  const SplitScript split = migration == nullptr ? SplitScript{} : CheckScript(migration->up);
  document["statements"] = ToJson(split.statements);
  document["diagnostics"] = ToJson(split.diagnostics);
}

}  // namespace

CommandAnswer RunShow(const CommandContext& context, const CommandRequest& request) {
  const MigrationFolder folder = LoadFolder(context.settings);
  if (auto refusal = RefuseFolder(folder)) return *refusal;
  const std::optional<SeenTarget> seen = LookIfConfigured(context.settings, "show");
  const History history = seen ? seen->history() : History();
  const std::string revision = RevisionFrom(folder, history, request.arguments.front());
  const FolderAndHistory view{folder, seen ? &history : nullptr};
  json::object document{{"target", TextOrNull(TargetName(context.settings))},
                        {"migration", MigrationDocument(view, revision)},
                        {"children", json::array{}},
                        {"stored_down", TextOrNull(StoredDownOf(context, seen, revision))}};
  const Migration* migration = folder.Find(revision);
  if (migration != nullptr) document["children"] = ToJson(folder.graph().ChildrenOf(revision));
  AddScripts(document, migration);
  return {std::move(document)};
}

}  // namespace lockstep
