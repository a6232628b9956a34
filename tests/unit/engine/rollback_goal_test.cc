#include "engine/rollback_goal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "core/planner.h"
#include "support/map_file_tree.h"

namespace lockstep {
namespace {

using testing::ElementsAreArray;
using Revisions = std::vector<std::string>;

struct Node {
  std::string revision;
  std::string revises;
};

MigrationFolder FolderOf(const std::vector<Node>& nodes) {
  MapFileTree files;
  for (const Node& node : nodes) {
    files.PutPair(node.revision, "-- revises: " + node.revises + "\nselect 1;", "select 1;");
  }
  MigrationFolder folder = MigrationFolder::Load(files);
  for (const Diagnostic& diagnostic : folder.diagnostics()) ADD_FAILURE() << ToText(diagnostic);
  return folder;
}

History FirstApplied(const MigrationFolder& folder, std::size_t applied) {
  std::vector<HistoryEntry> entries;
  for (std::size_t i = 0; i < applied; ++i) {
    const Migration& migration = folder.migrations()[i];
    HistoryEntry entry;
    entry.revision = migration.revision;
    entry.present = true;
    entry.parents = migration.parents;
    entry.up_checksum = migration.up.checksum;
    entry.down_checksum = migration.down->checksum;
    entry.has_down = true;
    entry.sequence = static_cast<long long>(i);
    entries.push_back(std::move(entry));
  }
  return {entries, {}, {}};
}

// What the planner makes of the goal.
Revisions RolledBack(const MigrationFolder& folder, std::size_t applied, const Goal& goal) {
  const PlanResult result = MakeDowngradePlan(folder, FirstApplied(folder, applied), goal,
                                              [](const std::string&) { return std::string(); });
  if (const auto* problems = std::get_if<Diagnostics>(&result)) {
    ADD_FAILURE() << ToText(problems->front());
    return {};
  }
  Revisions revisions;
  for (const Step& step : std::get<Plan>(result).steps) revisions.push_back(step.revision);
  return revisions;
}

Revisions NewestOf(const MigrationFolder& folder, std::size_t applied, std::size_t keeps) {
  Revisions newest;
  for (std::size_t i = applied; i-- > keeps;) newest.push_back(folder.migrations()[i].revision);
  return newest;
}

std::vector<std::size_t> WayDown(const MigrationFolder& folder) {
  std::vector<std::size_t> kept;
  for (std::size_t applied = folder.migrations().size(); applied > 0; applied = kept.back()) {
    const RollbackGoal next = NewestRollback(folder, applied);
    EXPECT_THAT(RolledBack(folder, applied, next.goal),
                ElementsAreArray(NewestOf(folder, applied, next.keeps)));
    EXPECT_LT(next.keeps, applied);
    if (next.keeps >= applied) break;
    kept.push_back(next.keeps);
  }
  return kept;
}

using Kept = std::vector<std::size_t>;

TEST(RollbackGoalTest, TakesEachMigrationOfALineAlone) {
  EXPECT_EQ(WayDown(FolderOf({{"a", "none"}, {"b", "a"}, {"c", "b"}})), (Kept{2, 1, 0}));
}

TEST(RollbackGoalTest, TakesAMergeAndTheEndsOfItsBranchesAlone) {
  const MigrationFolder folder = FolderOf(
      {{"a", "none"}, {"b1", "a"}, {"b2", "b1"}, {"c1", "a"}, {"c2", "c1"}, {"d", "b2, c2"}});
  const Kept kept = WayDown(folder);
  EXPECT_EQ(kept.front(), 5U);
  EXPECT_EQ(kept.back(), 0U);
  EXPECT_GE(kept.size(), 3U);
}

TEST(RollbackGoalTest, TakesTwoBasesTogether) {
  EXPECT_EQ(WayDown(FolderOf({{"a", "none"}, {"b", "none"}})), (Kept{0}));
}

// Whatever the graph, the goal takes off exactly what the answer says.
TEST(RollbackGoalTest, IsUnderstoodByThePlannerOnAnyGraph) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    std::vector<Node> nodes;
    for (int i = 0; i < 9; ++i) {
      std::string parents;
      for (const Node& node : nodes) {
        if (random() % 3 == 0) parents += (parents.empty() ? "" : ", ") + node.revision;
      }
      nodes.push_back({"r" + std::to_string(i), parents.empty() ? "none" : parents});
    }
    WayDown(FolderOf(nodes));
  }
}

}  // namespace
}  // namespace lockstep
