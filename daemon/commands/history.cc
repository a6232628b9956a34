#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "commands/commands.h"
#include "commands/documents.h"
#include "commands/goal_argument.h"
#include "commands/migration_document.h"
#include "commands/target_documents.h"
#include "core/goal_resolution.h"

namespace lockstep {
namespace {

using RevisionSet = std::set<std::string, std::less<>>;

RevisionSet ReachedBy(const MigrationFolder& folder, const History& history,
                      const std::string& goal) {
  const auto reached = RevisionsAt(folder, history, GoalFrom(goal));
  if (const auto* revisions = std::get_if<std::vector<std::string>>(&reached)) {
    return {revisions->begin(), revisions->end()};
  }
  const auto& diagnostic = std::get<Diagnostic>(reached);
  throw Error(ErrorCode::kUsage, diagnostic.message, diagnostic.hint);
}

struct Range {
  std::string from = "base", to = "heads";
};

Range RangeFrom(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) {
    throw Error(ErrorCode::kUsage, "\"" + text + "\" is not a range",
                "write A:B, A: or :B, such as \"base:head\"");
  }
  Range range;
  if (colon > 0) range.from = text.substr(0, colon);
  if (colon + 1 < text.size()) range.to = text.substr(colon + 1);
  return range;
}

// What `to` has and `from` has not, and the revisions at which `from` stands.
std::vector<std::string> InRange(const MigrationFolder& folder, const History& history,
                                 const Range& range) {
  const RevisionSet before = ReachedBy(folder, history, range.from);
  const RevisionSet upto = ReachedBy(folder, history, range.to);
  const std::vector<std::string> starts = folder.graph().HeadsAmong(before);
  std::vector<std::string> revisions;
  for (const std::string& revision : folder.graph().order()) {
    const bool is_start = std::find(starts.begin(), starts.end(), revision) != starts.end();
    if (upto.contains(revision) && (is_start || !before.contains(revision))) {
      revisions.push_back(revision);
    }
  }
  return revisions;
}

// `range` empty: all of them.
json::object DocumentOf(const Settings& settings, const MigrationFolder& folder,
                        const History* recorded, const std::string& range) {
  const FolderAndHistory view{folder, recorded};
  const History none;
  const History& history = recorded != nullptr ? *recorded : none;
  const std::vector<std::string> revisions =
      range.empty() ? AllRevisions(view) : InRange(folder, history, RangeFrom(range));
  return {{"target", TextOrNull(TargetName(settings))},
          {"range", TextOrNull(range)},
          {"revisions", ToJson(history.Heads())},
          {"heads", ToJson(folder.graph().Heads())},
          {"migrations", MigrationDocuments(view, revisions)},
          {"diagnostics", ToJson(folder.diagnostics())}};
}

}  // namespace

json::object HistoryDocument(const Settings& settings, const MigrationFolder& folder,
                             const SeenTarget& seen) {
  if (auto refusal = RefuseFolder(folder)) {
    return WithSharedKeys("history", std::move(refusal->document));
  }
  return WithSharedKeys("history", DocumentOf(settings, folder, &seen.history(), ""));
}

CommandAnswer RunHistory(const CommandContext& context, const CommandRequest& request) {
  const MigrationFolder folder = LoadFolder(context.settings);
  if (auto refusal = RefuseFolder(folder)) return *refusal;
  const std::optional<SeenTarget> seen = LookIfConfigured(context.settings, "history");
  return {DocumentOf(context.settings, folder, seen ? &seen->history() : nullptr,
                     request.Get("range"))};
}

}  // namespace lockstep
