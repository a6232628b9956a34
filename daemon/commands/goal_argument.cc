#include "commands/goal_argument.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/text.h"

namespace lockstep {
namespace {

std::vector<std::string> Candidates(const MigrationFolder& folder, const History& history,
                                    const std::string& prefix) {
  const std::vector<std::string> in_folder = folder.graph().Matching(prefix);
  std::set<std::string> found(in_folder.begin(), in_folder.end());
  for (const HistoryEntry& entry : history.entries()) {
    if (entry.revision == prefix) return {prefix};
    if (entry.revision.starts_with(prefix)) found.insert(entry.revision);
  }
  if (found.contains(prefix)) return {prefix};
  return {found.begin(), found.end()};
}

std::vector<std::string> Named(const MigrationFolder& folder, const History& history,
                               const Goal& goal) {
  if (goal.offset != 0) return {};
  switch (goal.anchor) {
    case Goal::Anchor::kCurrent:
      return history.Heads();
    case Goal::Anchor::kHead:
    case Goal::Anchor::kHeads:
      return folder.graph().Heads();
    case Goal::Anchor::kBase:
      return folder.graph().Bases();
    case Goal::Anchor::kRevision:
      return Candidates(folder, history, goal.revision);
  }
  return {};
}

}  // namespace

Goal GoalFrom(const std::string& text) {
  const std::variant<Goal, Diagnostic> parsed = ParseGoal(text);
  if (const auto* goal = std::get_if<Goal>(&parsed)) return *goal;
  const auto& diagnostic = std::get<Diagnostic>(parsed);
  throw Error(ErrorCode::kUsage, diagnostic.message, diagnostic.hint);
}

std::string RevisionFrom(const MigrationFolder& folder, const History& history,
                         const std::string& text) {
  const std::vector<std::string> found = Named(folder, history, GoalFrom(text));
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    throw Error(ErrorCode::kUsage, "Can't locate revision identified by '" + text + "'",
                "`lockstep history` lists the revisions of this folder and of the database");
  }
  throw Error(
      ErrorCode::kUsage,
      "\"" + text + "\" is the beginning of several revisions: \"" + Join(found, "\", \"") + "\"",
      "type more of the one that is meant");
}

}  // namespace lockstep
