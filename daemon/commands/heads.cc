#include "commands/commands.h"
#include "commands/documents.h"
#include "commands/migration_document.h"
#include "commands/target_access.h"

namespace lockstep {
namespace {

json::object Brief(const MigrationFolder& folder, const std::string& revision) {
  return {{"revision", revision}, {"description", folder.Find(revision)->description}};
}

json::array BranchesOf(const MigrationFolder& folder) {
  json::array branches;
  for (const std::string& revision : folder.graph().BranchPoints()) {
    json::object branch = Brief(folder, revision);
    json::array children;
    for (const std::string& child : folder.graph().ChildrenOf(revision)) {
      children.push_back(Brief(folder, child));
    }
    branch["children"] = std::move(children);
    branches.push_back(std::move(branch));
  }
  return branches;
}

json::array MergesOf(const MigrationFolder& folder) {
  json::array merges;
  for (const Migration& migration : folder.migrations()) {
    if (migration.parents.size() < 2) continue;
    json::object merge = Brief(folder, migration.revision);
    merge["parents"] = ToJson(migration.parents);
    merges.push_back(std::move(merge));
  }
  return merges;
}

}  // namespace

CommandAnswer RunHeads(const CommandContext& context, const CommandRequest&) {
  const MigrationFolder folder = LoadFolder(context.settings);
  if (auto refusal = RefuseFolder(folder)) return *refusal;
  const std::optional<SeenTarget> seen = LookIfConfigured(context.settings, "heads");
  const FolderAndHistory view{folder, seen ? &seen->history() : nullptr};
  const std::vector<std::string> heads = folder.graph().Heads();
  return {json::object{{"target", TextOrNull(TargetName(context.settings))},
                       {"heads", ToJson(heads)},
                       {"migrations", MigrationDocuments(view, heads)},
                       {"diagnostics", ToJson(folder.diagnostics())}}};
}

CommandAnswer RunBranches(const CommandContext& context, const CommandRequest&) {
  const MigrationFolder folder = LoadFolder(context.settings);
  if (auto refusal = RefuseFolder(folder)) return *refusal;
  return {json::object{{"branches", BranchesOf(folder)},
                       {"merges", MergesOf(folder)},
                       {"diagnostics", ToJson(folder.diagnostics())}}};
}

}  // namespace lockstep
