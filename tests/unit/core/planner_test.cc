#include "core/planner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "base/file_tree.h"
#include "base/hash.h"
#include "core/database_state.h"
#include "core/goal_resolution.h"

namespace lockstep {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using Revisions = std::vector<std::string>;

// ---- A folder and a history as values ------------------------------------------------------

class MapFileTree : public FileTree {
 public:
  explicit MapFileTree(std::map<std::string, std::string> files) : files_(std::move(files)) {}

  std::vector<std::string> List() override {
    Revisions names;
    for (const auto& [name, content] : files_) names.push_back(name);
    return names;
  }
  FileContent Read(const std::string& name) override { return files_.at(name); }
  std::string PathOf(const std::string& name) const override { return "m/" + name; }

 private:
  std::map<std::string, std::string> files_;
};

// One migration of a test's folder; its files are named by its place in the list.
struct Spec {
  std::string revision;
  std::string revises;  // as the header has it; "none"
  std::string extra = {};
  std::string up = "select 1;\n";
  std::string down = "select 2;\n";  // empty: no down file
};

std::string Numbered(std::size_t place) {
  const std::string digits = std::to_string(place);
  return std::string(6 - digits.size(), '0') + digits;
}

MigrationFolder FolderOf(const std::vector<Spec>& specs) {
  std::map<std::string, std::string> files;
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const Spec& spec = specs[i];
    const std::string head = "-- revision: " + spec.revision + "\n";
    const std::string revises = "-- revises: " + spec.revises + "\n";
    files[Numbered(i) + ".up.sql"] = head + revises + spec.extra + spec.up;
    if (!spec.down.empty()) files[Numbered(i) + ".down.sql"] = head + spec.down;
  }
  MapFileTree tree(std::move(files));
  MigrationFolder folder = MigrationFolder::Load(tree);
  for (const Diagnostic& diagnostic : folder.diagnostics()) {
    EXPECT_NE(diagnostic.severity, Severity::kError) << ToText(diagnostic);
  }
  return folder;
}

HistoryEntry EntryOf(const Migration& migration, long long sequence) {
  HistoryEntry entry;
  entry.revision = migration.revision;
  entry.present = true;
  entry.parents = migration.parents;
  entry.up_checksum = migration.up.checksum;
  entry.has_down = migration.down.has_value();
  entry.down_checksum = migration.down ? migration.down->checksum : "";
  entry.irreversible = migration.irreversible.value_or("");
  entry.sequence = sequence;
  return entry;
}

std::vector<HistoryEntry> EntriesOf(const MigrationFolder& folder, const Revisions& revisions) {
  std::vector<HistoryEntry> entries;
  for (const std::string& revision : revisions) {
    entries.push_back(EntryOf(*folder.Find(revision), static_cast<long long>(entries.size()) + 1));
  }
  return entries;
}

History Having(const MigrationFolder& folder, const Revisions& revisions) {
  return {EntriesOf(folder, revisions), {}, {}};
}

Goal GoalOf(std::string_view text) { return std::get<Goal>(ParseGoal(text)); }

Plan PlanOf(const PlanResult& result) {
  if (const auto* problems = std::get_if<Diagnostics>(&result)) {
    for (const Diagnostic& problem : *problems) ADD_FAILURE() << ToText(problem);
    return {};
  }
  return std::get<Plan>(result);
}

Plan Upgrade(const MigrationFolder& folder, const History& history, std::string_view goal) {
  return PlanOf(MakeUpgradePlan(folder, history, GoalOf(goal)));
}

std::string StoredDownOf(const std::string& revision) { return "select '" + revision + "';\n"; }

Plan Downgrade(const MigrationFolder& folder, const History& history, std::string_view goal) {
  return PlanOf(MakeDowngradePlan(folder, history, GoalOf(goal), StoredDownOf));
}

Diagnostics ProblemsOf(const PlanResult& result) {
  const auto* problems = std::get_if<Diagnostics>(&result);
  EXPECT_NE(problems, nullptr) << "a plan was made";
  return problems == nullptr ? Diagnostics{} : *problems;
}

Diagnostic ProblemOf(const PlanResult& result) {
  const Diagnostics problems = ProblemsOf(result);
  EXPECT_EQ(problems.size(), 1U);
  return problems.empty() ? Diagnostic{} : problems.front();
}

Diagnostic UpgradeProblem(const MigrationFolder& folder, const History& history,
                          std::string_view goal) {
  return ProblemOf(MakeUpgradePlan(folder, history, GoalOf(goal)));
}

Diagnostic DowngradeProblem(const MigrationFolder& folder, const History& history,
                            std::string_view goal) {
  return ProblemOf(MakeDowngradePlan(folder, history, GoalOf(goal), StoredDownOf));
}

Revisions RevisionsOf(const Plan& plan) {
  Revisions revisions;
  for (const Step& step : plan.steps) revisions.push_back(step.revision);
  return revisions;
}

const std::vector<Spec> kLine = {{"aa1", "none"}, {"bb2", "aa1"}, {"cc3", "bb2"}, {"dd4", "cc3"}};

// a1 -> (b1 -> b2 | c1 -> c2) -> m
const std::vector<Spec> kDiamond = {{"a1", "none"}, {"b1", "a1"}, {"b2", "b1"},
                                    {"c1", "a1"},   {"c2", "c1"}, {"m", "b2, c2"}};
// The same without the merge.
const std::vector<Spec> kFork(kDiamond.begin(), kDiamond.end() - 1);

// ---- Upgrades ------------------------------------------------------------------------------

TEST(UpgradePlanTest, HeadIsEverythingThatIsPending) {
  const MigrationFolder folder = FolderOf(kLine);
  EXPECT_THAT(RevisionsOf(Upgrade(folder, {}, "head")), ElementsAre("aa1", "bb2", "cc3", "dd4"));
  EXPECT_THAT(RevisionsOf(Upgrade(folder, Having(folder, {"aa1", "bb2"}), "head")),
              ElementsAre("cc3", "dd4"));
}

TEST(UpgradePlanTest, ARevisionBringsItsAncestorsOnly) {
  const MigrationFolder folder = FolderOf(kDiamond);
  EXPECT_THAT(RevisionsOf(Upgrade(folder, {}, "c2")), ElementsAre("a1", "c1", "c2"));
}

TEST(UpgradePlanTest, APrefixWillDoWhenItIsUnique) {
  const MigrationFolder folder = FolderOf(kLine);
  EXPECT_THAT(RevisionsOf(Upgrade(folder, {}, "bb")), ElementsAre("aa1", "bb2"));
}

TEST(UpgradePlanTest, AnAmbiguousPrefixNamesItsCandidates) {
  const Diagnostic problem = UpgradeProblem(FolderOf(kFork), {}, "b");
  EXPECT_EQ(problem.code, "ambiguous-revision");
  EXPECT_THAT(problem.message, HasSubstr("\"b1\", \"b2\""));
}

TEST(UpgradePlanTest, AnUnknownRevisionIsToldInTheRunbooksWords) {
  const Diagnostic problem = UpgradeProblem(FolderOf(kLine), {}, "cc4");
  EXPECT_EQ(problem.code, "unknown-revision");
  EXPECT_THAT(problem.message, HasSubstr("Can't locate revision identified by 'cc4'"));
  EXPECT_THAT(problem.hint, AllOf(HasSubstr("did you mean \"cc3\"?"), HasSubstr("history")));
}

TEST(UpgradePlanTest, AMistypedWordIsRecognised) {
  EXPECT_THAT(UpgradeProblem(FolderOf(kLine), {}, "heda").hint,
              HasSubstr("did you mean \"head\"?"));
}

TEST(UpgradePlanTest, HeadNeedsASingleHead) {
  const Diagnostic problem = UpgradeProblem(FolderOf(kFork), {}, "head");
  EXPECT_EQ(problem.code, "several-heads");
  EXPECT_THAT(problem.message, HasSubstr("\"b2\", \"c2\""));
  EXPECT_THAT(problem.hint, HasSubstr("\"heads\""));
}

TEST(UpgradePlanTest, HeadsAreAllBranches) {
  EXPECT_THAT(RevisionsOf(Upgrade(FolderOf(kFork), {}, "heads")),
              ElementsAre("a1", "b1", "b2", "c1", "c2"));
}

TEST(UpgradePlanTest, WhatIsAlreadyReachedNeedsNothing) {
  const MigrationFolder folder = FolderOf(kLine);
  const History history = Having(folder, {"aa1", "bb2", "cc3"});
  for (const std::string_view goal : {"cc3", "aa1", "current", "head-1", "base+2"}) {
    EXPECT_TRUE(Upgrade(folder, history, goal).empty()) << goal;
  }
  EXPECT_TRUE(Upgrade(folder, {}, "base").empty());
  EXPECT_TRUE(Upgrade(FolderOf({}), {}, "head").empty());
}

TEST(UpgradePlanTest, StepsAreCountedFromWhereTheDatabaseStands) {
  const MigrationFolder folder = FolderOf(kLine);
  EXPECT_THAT(RevisionsOf(Upgrade(folder, {}, "+1")), ElementsAre("aa1"));
  EXPECT_THAT(RevisionsOf(Upgrade(folder, Having(folder, {"aa1"}), "+2")),
              ElementsAre("bb2", "cc3"));
}

TEST(UpgradePlanTest, StepsAreCountedFromARevision) {
  const MigrationFolder folder = FolderOf(kLine);
  EXPECT_THAT(RevisionsOf(Upgrade(folder, {}, "bb+1")), ElementsAre("aa1", "bb2", "cc3"));
  EXPECT_THAT(RevisionsOf(Upgrade(folder, {}, "cc3-1")), ElementsAre("aa1", "bb2"));
  EXPECT_THAT(RevisionsOf(Upgrade(folder, {}, "head-3")), ElementsAre("aa1"));
  EXPECT_THAT(RevisionsOf(Upgrade(folder, {}, "base+1")), ElementsAre("aa1"));
  EXPECT_TRUE(Upgrade(folder, {}, "aa1-1").empty());
}

TEST(UpgradePlanTest, StepsBeyondTheLineAreOutOfRange) {
  const MigrationFolder folder = FolderOf(kLine);
  const Diagnostic problem = UpgradeProblem(folder, Having(folder, {"aa1"}), "+9");
  EXPECT_EQ(problem.code, "out-of-range");
  EXPECT_THAT(problem.message, HasSubstr("Relative revision +9 didn't produce 9 migrations"));
  EXPECT_THAT(problem.hint, HasSubstr("there are 3 steps"));
  for (const std::string_view goal : {"aa1+4", "head-5", "base+5", "aa1-2"}) {
    EXPECT_EQ(UpgradeProblem(folder, {}, goal).code, "out-of-range") << goal;
  }
}

TEST(UpgradePlanTest, StepsThroughABranchAreAmbiguous) {
  const MigrationFolder folder = FolderOf(kDiamond);
  EXPECT_THAT(UpgradeProblem(folder, {}, "a1+1").message,
              AllOf(HasSubstr("ambiguous"), HasSubstr("\"b1\", \"c1\"")));
  EXPECT_EQ(UpgradeProblem(folder, {}, "m-1").code, "ambiguous-revision");
  EXPECT_EQ(UpgradeProblem(folder, Having(folder, {"a1"}), "+1").code, "ambiguous-revision");
  EXPECT_EQ(UpgradeProblem(folder, Having(folder, {"a1", "b1", "c1"}), "+1").code,
            "ambiguous-revision");
}

TEST(UpgradePlanTest, TwoHeadsThatOnlyAMergeCanFollowAreNotAmbiguous) {
  const MigrationFolder folder = FolderOf(kDiamond);
  const History history = Having(folder, {"a1", "b1", "b2", "c1", "c2"});
  EXPECT_THAT(RevisionsOf(Upgrade(folder, history, "+1")), ElementsAre("m"));
}

TEST(UpgradePlanTest, AGoalThatLeadsBackNamesTheRightCommand) {
  const MigrationFolder folder = FolderOf(kLine);
  for (const std::string goal : {"-1", "base"}) {
    const Diagnostic problem = UpgradeProblem(folder, Having(folder, {"aa1"}), goal);
    EXPECT_EQ(problem.code, "wrong-direction");
    EXPECT_THAT(problem.hint, HasSubstr("`lockstep downgrade " + goal + "`"));
  }
}

TEST(UpgradePlanTest, AStepHoldsWhatTheHistoryShallRecord) {
  const MigrationFolder folder =
      FolderOf({{"a", "none", "-- description: first\n"},
                {"b", "a", "-- irreversible: it drops data\n", "select 1;\n", ""}});
  const Plan plan = Upgrade(folder, {}, "head");
  ASSERT_THAT(plan.steps, SizeIs(2));
  EXPECT_EQ(plan.steps[0].description, "first");
  EXPECT_EQ(plan.steps[0].up_checksum, folder.Find("a")->up.checksum);
  EXPECT_EQ(plan.steps[0].down_checksum, folder.Find("a")->down->checksum);
  EXPECT_EQ(plan.steps[0].down_text, folder.Find("a")->down->text);
  EXPECT_EQ(plan.steps[0].script.text, folder.Find("a")->up.text);
  EXPECT_FALSE(plan.steps[0].stored_script);
  EXPECT_THAT(plan.steps[1].parents, ElementsAre("a"));
  EXPECT_EQ(plan.steps[1].irreversible, "it drops data");
  EXPECT_EQ(plan.steps[1].down_text, "");
}

TEST(UpgradePlanTest, EachStepSaysWhy) {
  const MigrationFolder folder = FolderOf(kLine);
  const Plan to_head = Upgrade(folder, Having(folder, {"aa1"}), "head");
  EXPECT_EQ(to_head.steps[0].reason, "pending; revises aa1, which is applied");
  EXPECT_EQ(to_head.steps[1].reason, "pending; revises bb2, which is applied before it");
  const Plan to_revision = Upgrade(folder, {}, "bb2");
  EXPECT_EQ(to_revision.steps[0].reason, "needed by bb2; revises base");
  EXPECT_EQ(to_revision.steps[1].reason, "pending; revises aa1, which is applied before it");
}

TEST(UpgradePlanTest, AnInterruptedRevisionSaysWhereItContinues) {
  const MigrationFolder folder = FolderOf(kLine);
  const History after_two({}, {},
                          {{"aa1", "up", 1, "h", true, 1},
                           {"aa1", "up", 2, "h", true, 1},
                           {"aa1", "up", 3, "h", false, 1}});
  EXPECT_EQ(Upgrade(folder, after_two, "head").steps[0].reason,
            "interrupted after statement 2; continues there");
  const History in_first({}, {}, {{"aa1", "up", 1, "h", false, 1}});
  EXPECT_EQ(Upgrade(folder, in_first, "head").steps[0].reason,
            "interrupted in statement 1; continues there");
}

TEST(UpgradePlanTest, HeadsMoveWithEachStep) {
  const Plan plan = Upgrade(FolderOf(kDiamond), {}, "head");
  ASSERT_THAT(plan.steps, SizeIs(6));
  EXPECT_THAT(plan.steps[0].heads_after, ElementsAre("a1"));
  EXPECT_THAT(plan.steps[2].heads_after, ElementsAre("b2"));
  EXPECT_THAT(plan.steps[3].heads_after, ElementsAre("b2", "c1"));
  EXPECT_THAT(plan.steps[5].heads_after, ElementsAre("m"));
}

TEST(UpgradePlanTest, ALineOfThousandsOfRevisionsIsPlannedAtOnce) {
  std::vector<Spec> specs = {{"r0", "none"}};
  for (int i = 1; i < 3000; ++i) {
    specs.push_back({"r" + std::to_string(i), "r" + std::to_string(i - 1)});
  }
  const Plan plan = Upgrade(FolderOf(specs), {}, "head");
  ASSERT_THAT(plan.steps, SizeIs(3000));
  EXPECT_THAT(plan.steps.back().heads_after, ElementsAre("r2999"));
}

// ---- What differs between folder and history -----------------------------------------------

// Faults: F2.
TEST(DriftTest, AChangedFileStopsAnUpgradeThatHasWork) {
  const MigrationFolder folder = FolderOf(kLine);
  auto entries = EntriesOf(folder, {"aa1", "bb2"});
  entries[0].up_checksum = Sha256("something else");
  const Diagnostic problem = UpgradeProblem(folder, {entries, {}, {}}, "head");
  EXPECT_EQ(problem.code, "changed-file");
  EXPECT_EQ(problem.file, "m/000000.up.sql");
  const std::string now = folder.Find("aa1")->up.checksum.substr(0, 12);
  const std::string then = Sha256("something else").substr(0, 12);
  EXPECT_THAT(problem.message, AllOf(HasSubstr("\"" + now + "\""), HasSubstr("\"" + then + "\"")));
  EXPECT_THAT(problem.hint, HasSubstr("lockstep repair aa1"));
}

TEST(DriftTest, AChangedFileIsAWarningWhenThereIsNothingToDo) {
  const MigrationFolder folder = FolderOf(kLine);
  auto entries = EntriesOf(folder, {"aa1", "bb2", "cc3", "dd4"});
  entries[1].up_checksum = Sha256("something else");
  const Plan plan = Upgrade(folder, {entries, {}, {}}, "head");
  EXPECT_TRUE(plan.empty());
  ASSERT_THAT(plan.warnings, SizeIs(1));
  EXPECT_EQ(plan.warnings[0].code, "changed-file");
  EXPECT_EQ(plan.warnings[0].severity, Severity::kWarning);
}

TEST(DriftTest, ARollbackThatWasInterruptedIsFinishedBeforeAnUpgrade) {
  const MigrationFolder folder = FolderOf(kLine);
  const History half(EntriesOf(folder, {"aa1", "bb2"}), {},
                     {{"bb2", "down", 1, "h", true, 1}, {"bb2", "down", 2, "h", false, 1}});
  const Diagnostic problem = UpgradeProblem(folder, half, "head");
  EXPECT_EQ(problem.code, "half-rolled-back");
  EXPECT_THAT(problem.message, HasSubstr("\"bb2\""));
  EXPECT_THAT(problem.hint, HasSubstr("lockstep downgrade -1"));
}

TEST(DowngradeTest, AnUpgradeThatWasInterruptedIsFinishedBeforeWhatItBuildsUponGoes) {
  const MigrationFolder folder = FolderOf(kLine);
  const auto half = [&](const std::string& revision) {
    return History(EntriesOf(folder, {"aa1", "bb2"}), {}, {{revision, "up", 1, "h", true, 1}});
  };
  const Diagnostic problem = DowngradeProblem(folder, half("cc3"), "aa1");
  EXPECT_EQ(problem.code, "half-applied");
  EXPECT_THAT(problem.message, HasSubstr("\"cc3\""));
  EXPECT_THAT(problem.hint, HasSubstr("lockstep upgrade cc3"));
  const Diagnostic of_newer_release = DowngradeProblem(folder, half("ee5"), "aa1");
  EXPECT_EQ(of_newer_release.code, "half-applied");
  EXPECT_THAT(of_newer_release.hint, HasSubstr("from the folder that has its files"));
}

TEST(DowngradeTest, AnUpgradeThatWasInterruptedOnAnotherBranchIsNoneOfItsBusiness) {
  const MigrationFolder folder = FolderOf({{"aa1", "none"}, {"bb2", "aa1"}, {"cc3", "aa1"}});
  const History half(EntriesOf(folder, {"aa1", "bb2"}), {}, {{"cc3", "up", 1, "h", true, 1}});
  EXPECT_THAT(Downgrade(folder, half, "aa1").steps, SizeIs(1));
}

TEST(DriftTest, AChangedDownFileIsOnlyAWarningForAnUpgrade) {
  const MigrationFolder folder = FolderOf(kLine);
  auto entries = EntriesOf(folder, {"aa1"});
  entries[0].down_checksum = Sha256("something else");
  const Plan plan = Upgrade(folder, {entries, {}, {}}, "head");
  EXPECT_THAT(plan.steps, SizeIs(3));
  ASSERT_THAT(plan.warnings, SizeIs(1));
  EXPECT_EQ(plan.warnings[0].file, "m/000000.down.sql");
}

TEST(DriftTest, WhatWasRolledBackMayChange) {
  const MigrationFolder folder = FolderOf(kLine);
  auto entries = EntriesOf(folder, {"aa1"});
  entries[0].present = false;
  entries[0].up_checksum = Sha256("something else");
  EXPECT_THAT(Upgrade(folder, {entries, {}, {}}, "head").steps, SizeIs(4));
}

TEST(DriftTest, ALateFileThatSortsBeforeAppliedOnesIsExplained) {
  const MigrationFolder folder = FolderOf({{"a", "none"}, {"late", "a"}, {"b", "late"}});
  auto entries = EntriesOf(folder, {"a", "b"});
  entries[1].parents = {"a"};
  const Diagnostic problem = UpgradeProblem(folder, {entries, {}, {}}, "head");
  EXPECT_EQ(problem.code, "changed-parents");
  EXPECT_THAT(problem.message, AllOf(HasSubstr("now revises \"late\""), HasSubstr("after \"a\"")));
  EXPECT_THAT(problem.hint, AllOf(HasSubstr("sorts before applied ones"), HasSubstr("rename"),
                                  HasSubstr("`-- revises: a`")));
}

TEST(DriftTest, ParentsInAnotherOrderAreTheSame) {
  const MigrationFolder folder =
      FolderOf({{"a", "none"}, {"b", "none"}, {"m", "a, b"}, {"end", "m"}});
  auto entries = EntriesOf(folder, {"a", "b", "m"});
  entries[2].parents = {"b", "a"};
  EXPECT_THAT(RevisionsOf(Upgrade(folder, {entries, {}, {}}, "head")), ElementsAre("end"));
}

TEST(DriftTest, ChangedParentsWithoutALateFileNameRepair) {
  const MigrationFolder folder =
      FolderOf({{"a", "none"}, {"b", "none"}, {"m", "a, b"}, {"e", "m"}});
  auto entries = EntriesOf(folder, {"a", "b", "m"});
  entries[2].parents = {"a"};
  EXPECT_THAT(UpgradeProblem(folder, {entries, {}, {}}, "head").hint,
              HasSubstr("lockstep repair m"));
}

TEST(DriftTest, StepsLeadPastWhatIsAppliedUnderOtherParents) {
  const MigrationFolder folder = FolderOf({{"a", "none"}, {"b", "a"}, {"c", "b"}});
  auto entries = EntriesOf(folder, {"a", "b"});
  entries[1].parents.clear();
  EXPECT_EQ(UpgradeProblem(folder, {entries, {}, {}}, "+1").code, "changed-parents");
}

TEST(DriftTest, EveryDifferenceIsReported) {
  const MigrationFolder folder = FolderOf(kLine);
  auto entries = EntriesOf(folder, {"aa1", "bb2"});
  for (HistoryEntry& entry : entries) entry.up_checksum = Sha256("something else");
  EXPECT_THAT(ProblemsOf(MakeUpgradePlan(folder, {entries, {}, {}}, GoalOf("head"))), SizeIs(2));
}

TEST(DriftTest, ADatabaseThatIsAheadNeedsNothing) {
  const MigrationFolder newer = FolderOf(kLine);
  const MigrationFolder older = FolderOf({kLine[0], kLine[1]});
  const Plan plan = Upgrade(older, Having(newer, {"aa1", "bb2", "cc3"}), "head");
  EXPECT_TRUE(plan.empty());
  EXPECT_THAT(plan.ahead, ElementsAre("cc3"));
}

TEST(DriftTest, ADatabaseThatIsAheadTakesNoNewWork) {
  const MigrationFolder newer = FolderOf(kLine);
  const MigrationFolder other = FolderOf({kLine[0], kLine[1], {"zz9", "bb2"}});
  const History history = Having(newer, {"aa1", "bb2", "cc3"});
  for (const std::string_view goal : {"head", "+1"}) {
    const Diagnostic problem = UpgradeProblem(other, history, goal);
    EXPECT_EQ(problem.code, "unknown-revision");
    EXPECT_EQ(problem.message, "Can't locate revision identified by 'cc3'");
    EXPECT_THAT(problem.hint, AllOf(HasSubstr("newer release"), HasSubstr("downgrade bb2")));
  }
}

// ---- Downgrades ----------------------------------------------------------------------------

const Revisions kWholeLine = {"aa1", "bb2", "cc3", "dd4"};
const Revisions kWholeDiamond = {"a1", "b1", "b2", "c1", "c2", "m"};

TEST(DowngradePlanTest, BaseIsEverythingNewestFirst) {
  const MigrationFolder folder = FolderOf(kLine);
  const Plan plan = Downgrade(folder, Having(folder, kWholeLine), "base");
  EXPECT_THAT(RevisionsOf(plan), ElementsAre("dd4", "cc3", "bb2", "aa1"));
  EXPECT_EQ(plan.direction, Direction::kDown);
  EXPECT_THAT(plan.steps[1].heads_after, ElementsAre("bb2"));
  EXPECT_THAT(plan.steps[3].heads_after, IsEmpty());
}

TEST(DowngradePlanTest, ARevisionStays) {
  const MigrationFolder folder = FolderOf(kLine);
  const History history = Having(folder, kWholeLine);
  EXPECT_THAT(RevisionsOf(Downgrade(folder, history, "bb")), ElementsAre("dd4", "cc3"));
  EXPECT_TRUE(Downgrade(folder, history, "head").empty());
  EXPECT_TRUE(Downgrade(folder, history, "current").empty());
}

TEST(DowngradePlanTest, StepsAreCounted) {
  const MigrationFolder folder = FolderOf(kLine);
  const History history = Having(folder, {"aa1", "bb2", "cc3"});
  EXPECT_THAT(RevisionsOf(Downgrade(folder, history, "-1")), ElementsAre("cc3"));
  EXPECT_THAT(RevisionsOf(Downgrade(folder, history, "-3")), ElementsAre("cc3", "bb2", "aa1"));
  EXPECT_THAT(RevisionsOf(Downgrade(folder, history, "head-2")), ElementsAre("cc3"));
  EXPECT_THAT(RevisionsOf(Downgrade(folder, history, "cc3-2")), ElementsAre("cc3", "bb2"));
  EXPECT_THAT(RevisionsOf(Downgrade(folder, history, "base+2")), ElementsAre("cc3"));
  EXPECT_THAT(RevisionsOf(Downgrade(folder, history, "aa1-1")), ElementsAre("cc3", "bb2", "aa1"));
}

TEST(DowngradePlanTest, StepsBeyondTheBaseAreOutOfRange) {
  const MigrationFolder folder = FolderOf(kLine);
  const Diagnostic problem = DowngradeProblem(folder, Having(folder, {"aa1", "bb2"}), "-3");
  EXPECT_EQ(problem.code, "out-of-range");
  EXPECT_THAT(problem.message, HasSubstr("Relative revision -3 didn't produce 3 migrations"));
}

TEST(DowngradePlanTest, AMergeIsTakenApart) {
  const MigrationFolder folder = FolderOf(kDiamond);
  const Plan plan = Downgrade(folder, Having(folder, kWholeDiamond), "-1");
  EXPECT_THAT(RevisionsOf(plan), ElementsAre("m"));
  EXPECT_THAT(plan.steps[0].heads_after, ElementsAre("b2", "c2"));
}

TEST(DowngradePlanTest, AGoalBelowTheBranchesRollsBackBoth) {
  const MigrationFolder folder = FolderOf(kDiamond);
  EXPECT_THAT(RevisionsOf(Downgrade(folder, Having(folder, kWholeDiamond), "a1")),
              ElementsAre("m", "c2", "c1", "b2", "b1"));
}

TEST(DowngradePlanTest, AGoalOnABranchLeavesTheOtherBranch) {
  const MigrationFolder folder = FolderOf(kDiamond);
  const Plan plan = Downgrade(folder, Having(folder, kWholeDiamond), "b1");
  EXPECT_THAT(RevisionsOf(plan), ElementsAre("m", "b2"));
  EXPECT_THAT(plan.steps[1].heads_after, ElementsAre("b1", "c2"));
}

TEST(DowngradePlanTest, StepsFromSeveralHeadsAreAmbiguous) {
  const MigrationFolder folder = FolderOf(kFork);
  const History history = Having(folder, {"a1", "b1", "b2", "c1", "c2"});
  const Diagnostic problem = DowngradeProblem(folder, history, "-1");
  EXPECT_EQ(problem.code, "ambiguous-revision");
  EXPECT_THAT(problem.message, HasSubstr("\"b2\", \"c2\""));
  const MigrationFolder joined = FolderOf(kDiamond);
  EXPECT_EQ(DowngradeProblem(joined, Having(joined, kWholeDiamond), "-2").code,
            "ambiguous-revision");
}

TEST(DowngradePlanTest, AGoalThatIsNotAppliedNamesTheRightCommand) {
  const MigrationFolder folder = FolderOf(kLine);
  const History history = Having(folder, {"aa1"});
  for (const std::string goal : {"cc3", "+1", "head"}) {
    const Diagnostic problem = DowngradeProblem(folder, history, goal);
    EXPECT_EQ(problem.code, "wrong-direction") << goal;
    EXPECT_THAT(problem.hint, HasSubstr("`lockstep upgrade " + goal + "`"));
  }
}

TEST(DowngradePlanTest, AnUnknownRevisionIsToldInTheRunbooksWords) {
  const Diagnostic problem = DowngradeProblem(FolderOf(kLine), {}, "nope");
  EXPECT_EQ(problem.code, "unknown-revision");
  EXPECT_THAT(problem.message, HasSubstr("Can't locate revision identified by 'nope'"));
}

TEST(DowngradePlanTest, APrefixMeansTheAppliedRevision) {
  const MigrationFolder folder = FolderOf({{"ab1", "none"}, {"ab2", "ab1"}});
  EXPECT_TRUE(Downgrade(folder, Having(folder, {"ab1"}), "ab").empty());
  EXPECT_EQ(DowngradeProblem(folder, Having(folder, {"ab1", "ab2"}), "ab").code,
            "ambiguous-revision");
}

TEST(DowngradePlanTest, TheFoldersDownScriptRuns) {
  const MigrationFolder folder = FolderOf(kLine);
  const Plan plan = Downgrade(folder, Having(folder, {"aa1"}), "base");
  EXPECT_EQ(plan.steps[0].script.text, folder.Find("aa1")->down->text);
  EXPECT_FALSE(plan.steps[0].stored_script);
  EXPECT_EQ(plan.steps[0].reason, "applied; comes after base");
}

TEST(DowngradePlanTest, AChangedDownFileIsNotRun) {
  const MigrationFolder folder = FolderOf(kLine);
  auto entries = EntriesOf(folder, {"aa1"});
  entries[0].down_checksum = Sha256("something else");
  const Diagnostic problem = DowngradeProblem(folder, {entries, {}, {}}, "base");
  EXPECT_EQ(problem.code, "changed-file");
  EXPECT_EQ(problem.file, "m/000000.down.sql");
  EXPECT_THAT(problem.hint, HasSubstr("lockstep repair aa1"));
}

TEST(DowngradePlanTest, ARevisionWithoutAFileIsRolledBackByItsStoredScript) {
  const MigrationFolder newer = FolderOf(kDiamond);
  const MigrationFolder older = FolderOf({kDiamond[0], kDiamond[1]});
  const Plan plan = Downgrade(older, Having(newer, kWholeDiamond), "b1");
  ASSERT_THAT(RevisionsOf(plan), ElementsAre("m", "b2"));
  EXPECT_TRUE(plan.steps[0].stored_script);
  EXPECT_EQ(plan.steps[0].script.text, StoredDownOf("m"));
  EXPECT_THAT(plan.steps[0].reason, HasSubstr("stored down script"));
  EXPECT_THAT(plan.steps[0].parents, ElementsAre("b2", "c2"));
}

TEST(DowngradePlanTest, HeadOfAnOlderFolderRollsBackWhatItDoesNotKnow) {
  const MigrationFolder older = FolderOf({kLine[0], kLine[1]});
  const History history = Having(FolderOf(kLine), kWholeLine);
  EXPECT_THAT(RevisionsOf(Downgrade(older, history, "head")), ElementsAre("dd4", "cc3"));
}

TEST(DowngradePlanTest, TheRecordedParentsDecideWhatDescends) {
  const MigrationFolder folder = FolderOf({{"a", "none"}, {"b", "none"}});
  auto entries = EntriesOf(folder, {"a", "b"});
  entries[1].parents = {"a"};
  EXPECT_THAT(RevisionsOf(Downgrade(folder, {entries, {}, {}}, "a")), ElementsAre("b"));
}

TEST(DowngradePlanTest, WithoutAnyDownScriptThereIsNoPlan) {
  auto entries = EntriesOf(FolderOf(kLine), {"aa1"});
  entries[0].has_down = false;
  entries[0].down_checksum.clear();
  EXPECT_EQ(DowngradeProblem(FolderOf({}), {entries, {}, {}}, "base").code, "no-down-script");
}

TEST(DowngradePlanTest, AnIrreversibleRevisionGivesItsReason) {
  const MigrationFolder folder =
      FolderOf({{"a", "none", "-- irreversible: it drops data\n", "select 1;\n", ""}});
  const History history = Having(folder, {"a"});
  for (const MigrationFolder& any : {folder, FolderOf({})}) {
    const Diagnostic problem = DowngradeProblem(any, history, "base");
    EXPECT_EQ(problem.code, "irreversible");
    EXPECT_THAT(problem.message, HasSubstr("\"it drops data\""));
  }
}

TEST(DowngradePlanTest, EveryObstacleIsReported) {
  const MigrationFolder folder = FolderOf(kLine);
  auto entries = EntriesOf(folder, kWholeLine);
  for (HistoryEntry& entry : entries) entry.down_checksum = Sha256("something else");
  EXPECT_THAT(ProblemsOf(MakeDowngradePlan(folder, {entries, {}, {}}, GoalOf("-2"), StoredDownOf)),
              SizeIs(2));
}

// ---- States --------------------------------------------------------------------------------

Revisions At(const MigrationFolder& folder, const History& history, std::string_view goal) {
  const auto result = RevisionsAt(folder, history, GoalOf(goal));
  const auto* revisions = std::get_if<Revisions>(&result);
  EXPECT_NE(revisions, nullptr) << goal;
  return revisions == nullptr ? Revisions{} : *revisions;
}

TEST(RevisionsAtTest, AGoalStandsForItsAncestors) {
  const MigrationFolder folder = FolderOf(kDiamond);
  const History history = Having(folder, {"a1", "b1"});
  EXPECT_THAT(At(folder, history, "c2"), ElementsAre("a1", "c1", "c2"));
  EXPECT_THAT(At(folder, history, "head"), SizeIs(6));
  EXPECT_THAT(At(folder, history, "base"), IsEmpty());
  EXPECT_THAT(At(folder, history, "current"), ElementsAre("a1", "b1"));
  EXPECT_THAT(At(folder, history, "+1"), ElementsAre("a1", "b1", "b2"));
  EXPECT_THAT(At(folder, history, "-1"), ElementsAre("a1"));
}

TEST(RevisionsAtTest, AnUnknownGoalIsAProblem) {
  const auto result = RevisionsAt(FolderOf(kLine), {}, GoalOf("nope"));
  ASSERT_TRUE(std::holds_alternative<Diagnostic>(result));
  EXPECT_EQ(std::get<Diagnostic>(result).code, "unknown-revision");
}

FailedAttempt Attempt(const std::string& revision, const std::string& outcome) {
  FailedAttempt attempt;
  attempt.revision = revision;
  attempt.outcome = outcome;
  attempt.finished_at = WallTime{} + std::chrono::hours(1);
  return attempt;
}

TEST(StateTest, SaysWhereTheDatabaseStands) {
  const MigrationFolder folder = FolderOf(kLine);
  EXPECT_EQ(StateOf(folder, {}), DatabaseState::kEmpty);
  EXPECT_EQ(StateOf(FolderOf({}), {}), DatabaseState::kEmpty);
  EXPECT_EQ(StateOf(folder, Having(folder, {"aa1"})), DatabaseState::kPending);
  EXPECT_EQ(StateOf(folder, Having(folder, kWholeLine)), DatabaseState::kAtHead);
  EXPECT_EQ(StateOf(FolderOf({kLine[0]}), Having(folder, kWholeLine)), DatabaseState::kAhead);
}

TEST(StateTest, AFailedAttemptAtAPendingRevisionIsTheState) {
  const MigrationFolder folder = FolderOf(kLine);
  const auto entries = EntriesOf(folder, {"aa1"});
  EXPECT_EQ(StateOf(folder, {entries, {Attempt("bb2", "failed")}, {}}), DatabaseState::kFailed);
  EXPECT_EQ(StateOf(folder, {entries, {Attempt("bb2", "deferred")}, {}}), DatabaseState::kDeferred);
  EXPECT_EQ(StateOf(folder, {entries, {Attempt("bb2", "stopped")}, {}}), DatabaseState::kPending);
  EXPECT_EQ(StateOf(folder, {entries, {Attempt("aa1", "failed")}, {}}), DatabaseState::kPending);
}

TEST(StateTest, AnInterruptedStatementIsAFailureUntilItIsResolved) {
  const MigrationFolder folder = FolderOf(kLine);
  const auto entries = EntriesOf(folder, {"aa1"});
  FailedAttempt unknown = Attempt("bb2", "unknown");
  unknown.direction = "up";
  const ProgressRow begun{.revision = "bb2", .direction = "up", .ordinal = 1};
  ProgressRow done = begun;
  done.done = true;
  EXPECT_EQ(StateOf(folder, {entries, {unknown}, {begun}}), DatabaseState::kFailed);
  EXPECT_EQ(StateOf(folder, {entries, {unknown}, {done}}), DatabaseState::kPending);
  EXPECT_EQ(StateOf(folder, {entries, {unknown}, {}}), DatabaseState::kPending);
  EXPECT_EQ(StateOf(folder, {entries, {}, {begun}}), DatabaseState::kPending);
}

TEST(StateTest, HasStableNames) {
  EXPECT_EQ(NameOf(DatabaseState::kAtHead), "at_head");
  EXPECT_EQ(NameOf(DatabaseState::kDeferred), "deferred");
  EXPECT_EQ(NameOf(Direction::kUp), "up");
  EXPECT_EQ(NameOf(Direction::kDown), "down");
}

TEST(StateTest, PendingRevisionsAreInTheOrderOfTheGraph) {
  const MigrationFolder folder = FolderOf(kDiamond);
  EXPECT_THAT(PendingRevisions(folder, Having(folder, {"a1", "c1"})),
              ElementsAre("b1", "b2", "c2", "m"));
}

// ---- What holds for every graph ------------------------------------------------------------

std::vector<Spec> RandomSpecs(std::mt19937& random) {
  std::vector<Spec> specs;
  const std::size_t count = 1 + random() % 25;
  for (std::size_t i = 0; i < count; ++i) {
    std::set<std::string> parents;
    for (std::size_t left = random() % 3; left > 0 && i > 0; --left) {
      parents.insert(specs[random() % i].revision);
    }
    std::string revises;
    for (const std::string& parent : parents) revises += (revises.empty() ? "" : ", ") + parent;
    specs.push_back({"r" + std::to_string(i), revises.empty() ? "none" : revises});
  }
  std::ranges::shuffle(specs, random);
  return specs;
}

// Follows a plan as a database would, and checks what it would refuse.
void Follow(const MigrationFolder& folder, const Plan& plan, Revisions& applied) {
  for (const Step& step : plan.steps) {
    if (step.direction == Direction::kUp) {
      applied.push_back(step.revision);
    } else {
      std::erase(applied, step.revision);
    }
    const History now = Having(folder, applied);
    for (const HistoryEntry& entry : now.entries()) {
      for (const std::string& parent : entry.parents) {
        EXPECT_TRUE(now.IsApplied(parent)) << parent << " after " << step.revision;
      }
    }
    EXPECT_THAT(step.heads_after, ::testing::UnorderedElementsAreArray(now.Heads()));
  }
}

TEST(PlannerPropertyTest, UpAndDownAgainRestoresTheEmptyHistory) {
  for (unsigned seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const MigrationFolder folder = FolderOf(RandomSpecs(random));
    Revisions applied;
    Follow(folder, Upgrade(folder, {}, "heads"), applied);
    EXPECT_EQ(applied.size(), folder.migrations().size());
    Follow(folder, Downgrade(folder, Having(folder, applied), "base"), applied);
    EXPECT_THAT(applied, IsEmpty());
  }
}

TEST(PlannerPropertyTest, EveryRevisionCanBeReachedAndLeft) {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const MigrationFolder folder = FolderOf(RandomSpecs(random));
    const auto& migrations = folder.migrations();
    const std::string& goal = migrations[random() % migrations.size()].revision;
    Revisions applied;
    Follow(folder, Upgrade(folder, {}, goal), applied);
    EXPECT_THAT(applied, ::testing::UnorderedElementsAreArray(folder.graph().AncestorsOf({goal})));
    Follow(folder, Upgrade(folder, Having(folder, applied), "heads"), applied);
    EXPECT_EQ(applied.size(), migrations.size());
    Follow(folder, Downgrade(folder, Having(folder, applied), goal), applied);
    EXPECT_THAT(Having(folder, applied).Heads(), ::testing::Contains(goal));
  }
}

}  // namespace
}  // namespace lockstep
