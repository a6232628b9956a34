#include "core/revision_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace lockstep {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using Nodes = std::vector<RevisionNode>;
using Revisions = std::vector<std::string>;

RevisionNode Node(const std::string& revision, Revisions parents) {
  return {revision, std::move(parents), revision + ".up.sql", 2};
}

RevisionGraph GraphOf(const Nodes& nodes) {
  Diagnostics diagnostics;
  RevisionGraph graph = RevisionGraph::Make(nodes, diagnostics);
  EXPECT_THAT(diagnostics, IsEmpty());
  return graph;
}

Diagnostics FaultsOf(const Nodes& nodes) {
  Diagnostics diagnostics;
  const RevisionGraph graph = RevisionGraph::Make(nodes, diagnostics);
  EXPECT_THAT(graph.order(), IsEmpty()) << "a graph with faults must be empty";
  return diagnostics;
}

Revisions CodesOf(const Diagnostics& diagnostics) {
  Revisions codes;
  for (const Diagnostic& diagnostic : diagnostics) codes.push_back(diagnostic.code);
  return codes;
}

// base -> a -> (b, c) -> merge -> end, and a lone root.
Nodes Diamond() {
  return {Node("a", {}),          Node("b", {"a"}), Node("c", {"a"}), Node("merge", {"b", "c"}),
          Node("end", {"merge"}), Node("lone", {})};
}

TEST(RevisionGraphTest, AnEmptyFolderHasAnEmptyGraph) {
  const RevisionGraph graph = GraphOf({});
  EXPECT_THAT(graph.order(), IsEmpty());
  EXPECT_THAT(graph.Heads(), IsEmpty());
}

TEST(RevisionGraphTest, ParentsComeBeforeChildrenWhateverTheOrderOfFiles) {
  EXPECT_THAT(GraphOf({Node("c", {"b"}), Node("b", {"a"}), Node("a", {})}).order(),
              ElementsAre("a", "b", "c"));
}

TEST(RevisionGraphTest, RevisionsThatAreFreeKeepTheOrderOfFiles) {
  EXPECT_THAT(GraphOf({Node("z", {}), Node("k", {"z"}), Node("a", {}), Node("b", {"a"})}).order(),
              ElementsAre("z", "k", "a", "b"));
}

TEST(RevisionGraphTest, KnowsHeadsBasesAndBranchPoints) {
  const RevisionGraph graph = GraphOf(Diamond());
  EXPECT_THAT(graph.Heads(), ElementsAre("end", "lone"));
  EXPECT_THAT(graph.Bases(), ElementsAre("a", "lone"));
  EXPECT_THAT(graph.BranchPoints(), ElementsAre("a"));
}

TEST(RevisionGraphTest, KnowsParentsAndChildren) {
  const RevisionGraph graph = GraphOf(Diamond());
  EXPECT_THAT(graph.ParentsOf("merge"), ElementsAre("b", "c"));
  EXPECT_THAT(graph.ChildrenOf("a"), ElementsAre("b", "c"));
  EXPECT_THAT(graph.ParentsOf("nobody"), IsEmpty());
  EXPECT_FALSE(graph.Contains("nobody"));
}

TEST(RevisionGraphTest, AncestorsAndDescendantsIncludeTheRevisionItself) {
  const RevisionGraph graph = GraphOf(Diamond());
  EXPECT_THAT(graph.AncestorsOf({"merge"}), UnorderedElementsAre("a", "b", "c", "merge"));
  EXPECT_THAT(graph.DescendantsOf({"b"}), UnorderedElementsAre("b", "merge", "end"));
  EXPECT_THAT(graph.AncestorsOf({"nobody"}), IsEmpty());
}

TEST(RevisionGraphTest, APrefixMatchesAllThatStartWithIt) {
  const RevisionGraph graph = GraphOf({Node("ab1", {}), Node("ab2", {"ab1"}), Node("b", {"ab2"})});
  EXPECT_THAT(graph.Matching("ab"), ElementsAre("ab1", "ab2"));
  EXPECT_THAT(graph.Matching("ac"), IsEmpty());
}

TEST(RevisionGraphTest, AnExactMatchHidesLongerOnes) {
  const RevisionGraph graph = GraphOf({Node("1", {}), Node("10", {"1"}), Node("11", {"10"})});
  EXPECT_THAT(graph.Matching("1"), ElementsAre("1"));
}

TEST(RevisionGraphTest, HeadsAmongTheAppliedHaveNoAppliedChild) {
  const RevisionGraph graph = GraphOf(Diamond());
  EXPECT_THAT(graph.HeadsAmong({"a", "b", "c"}), ElementsAre("b", "c"));
  EXPECT_THAT(graph.HeadsAmong({"a", "b", "c", "merge", "unknown"}), ElementsAre("merge"));
  EXPECT_THAT(graph.HeadsAmong({}), IsEmpty());
}

TEST(RevisionGraphTest, ADuplicateNamesBothFiles) {
  const Diagnostics faults =
      FaultsOf({{"a", {}, "1.up.sql", 1}, {"a", {}, "2.up.sql", 4}, Node("b", {"a"})});
  ASSERT_THAT(CodesOf(faults), ElementsAre("duplicate-revision"));
  EXPECT_EQ(faults[0].file, "2.up.sql");
  EXPECT_EQ(faults[0].line, 4);
  EXPECT_THAT(faults[0].message, HasSubstr("\"1.up.sql\""));
}

TEST(RevisionGraphTest, AMissingParentSuggestsTheNearestRevision) {
  const Diagnostics faults = FaultsOf({Node("68db6a7fba94", {}), Node("b", {"68db6a7fba49"})});
  ASSERT_THAT(CodesOf(faults), ElementsAre("missing-parent"));
  EXPECT_EQ(faults[0].file, "b.up.sql");
  EXPECT_THAT(faults[0].message, HasSubstr("\"68db6a7fba49\""));
  EXPECT_THAT(faults[0].hint, HasSubstr("did you mean \"68db6a7fba94\"?"));
}

TEST(RevisionGraphTest, ARevisionThatRevisesItselfIsNoCycle) {
  EXPECT_THAT(CodesOf(FaultsOf({Node("a", {"a"})})), ElementsAre("self-parent"));
}

TEST(RevisionGraphTest, AParentNamedTwiceIsAFault) {
  EXPECT_THAT(CodesOf(FaultsOf({Node("a", {}), Node("b", {"a", "a"})})),
              ElementsAre("duplicate-parent"));
}

TEST(RevisionGraphTest, ACycleNamesItsMembersFromParentToChild) {
  const Diagnostics faults = FaultsOf({Node("root", {}), Node("a", {"c", "root"}), Node("b", {"a"}),
                                       Node("c", {"b"}), Node("behind", {"c"})});
  ASSERT_THAT(CodesOf(faults), ElementsAre("cycle"));
  EXPECT_THAT(faults[0].message, HasSubstr("a -> b -> c -> a"));
  EXPECT_EQ(faults[0].file, "a.up.sql");
  EXPECT_EQ(faults[0].line, 2);
}

TEST(RevisionGraphTest, EachOfTwoCyclesIsReportedOnce) {
  const Diagnostics faults = FaultsOf({Node("behind", {"b"}), Node("a", {"b"}), Node("b", {"a"}),
                                       Node("x", {"y"}), Node("y", {"x"})});
  ASSERT_THAT(CodesOf(faults), ElementsAre("cycle", "cycle"));
  EXPECT_THAT(faults[0].message, HasSubstr("a -> b -> a"));
  EXPECT_THAT(faults[1].message, HasSubstr("x -> y -> x"));
}

TEST(RevisionGraphTest, AllFaultsAreReportedTogether) {
  const Diagnostics faults =
      FaultsOf({Node("a", {"a"}), Node("b", {"gone"}), Node("x", {"y"}), Node("y", {"x"})});
  EXPECT_THAT(CodesOf(faults), ElementsAre("self-parent", "missing-parent", "cycle"));
}

TEST(RevisionGraphTest, FaultsAreAddedToThoseThatWereThere) {
  Diagnostics diagnostics(1);
  RevisionGraph::Make({Node("a", {"a"})}, diagnostics);
  EXPECT_EQ(diagnostics.size(), 2U);
}

Nodes Line(int length) {
  Nodes nodes;
  for (int i = 0; i < length; ++i) {
    nodes.push_back(
        Node(std::to_string(i), i == 0 ? Revisions{} : Revisions{std::to_string(i - 1)}));
  }
  return nodes;
}

// Deep enough to overflow the stack of anything that calls itself once per revision.
TEST(RevisionGraphTest, ALineOfManyRevisionsNeedsNoDeepStack) {
  Nodes nodes = Line(200'000);
  std::ranges::reverse(nodes);
  const RevisionGraph graph = GraphOf(nodes);
  EXPECT_EQ(graph.order().front(), "0");
  EXPECT_EQ(graph.AncestorsOf({"199999"}).size(), 200'000U);
}

TEST(RevisionGraphTest, ACycleOfManyRevisionsIsFound) {
  Nodes nodes = Line(50'000);
  nodes.front().parents = {"49999"};
  ASSERT_THAT(CodesOf(FaultsOf(nodes)), ElementsAre("cycle"));
}

}  // namespace
}  // namespace lockstep
