#include "engine/rollback_goal.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

namespace lockstep {
namespace {

using RevisionSet = std::set<std::string, std::less<>>;

// How many stay when the database goes back to `target`; all of them when what would come off is
// not just the newest ones.
std::size_t KeptBy(const MigrationFolder& folder, const std::string& target, std::size_t applied) {
  const RevisionSet after = folder.graph().DescendantsOf({target});
  const auto comes_off = [&](const Migration& migration) {
    return migration.revision != target && after.contains(migration.revision);
  };
  const auto end = folder.migrations().begin() + static_cast<std::ptrdiff_t>(applied);
  const auto first = std::find_if(folder.migrations().begin(), end, comes_off);
  if (!std::all_of(first, end, comes_off)) return applied;
  return static_cast<std::size_t>(first - folder.migrations().begin());
}

bool HasOneHead(const MigrationFolder& folder, std::size_t applied) {
  RevisionSet revisions;
  for (std::size_t i = 0; i < applied; ++i) revisions.insert(folder.migrations()[i].revision);
  return folder.graph().HeadsAmong(revisions).size() == 1;
}

}  // namespace

RollbackGoal NewestRollback(const MigrationFolder& folder, std::size_t applied) {
  if (HasOneHead(folder, applied)) return {{Goal::Anchor::kCurrent, "", -1}, applied - 1};
  RollbackGoal best{{Goal::Anchor::kBase, "", 0}, 0};
  for (std::size_t i = 0; i < applied; ++i) {
    const std::string& target = folder.migrations()[i].revision;
    const std::size_t kept = KeptBy(folder, target, applied);
    if (kept < applied && kept > best.keeps) {
      best = {{Goal::Anchor::kRevision, target, 0}, kept};
    }
  }
  return best;
}

}  // namespace lockstep
