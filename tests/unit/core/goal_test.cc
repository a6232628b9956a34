#include "core/goal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>

namespace lockstep {

void PrintTo(const Goal& goal, std::ostream* out) { *out << ToText(goal); }

namespace {

using ::testing::HasSubstr;
using Anchor = Goal::Anchor;

Goal Parsed(std::string_view text) {
  const auto result = ParseGoal(text);
  const auto* goal = std::get_if<Goal>(&result);
  EXPECT_NE(goal, nullptr) << text;
  return goal == nullptr ? Goal{} : *goal;
}

Diagnostic Refused(std::string_view text) {
  const auto result = ParseGoal(text);
  const auto* diagnostic = std::get_if<Diagnostic>(&result);
  EXPECT_NE(diagnostic, nullptr) << text;
  return diagnostic == nullptr ? Diagnostic{} : *diagnostic;
}

TEST(GoalTest, UnderstandsAlembicsWords) {
  EXPECT_EQ(Parsed("head"), (Goal{Anchor::kHead, "", 0}));
  EXPECT_EQ(Parsed("heads"), (Goal{Anchor::kHeads, "", 0}));
  EXPECT_EQ(Parsed("base"), (Goal{Anchor::kBase, "", 0}));
  EXPECT_EQ(Parsed("current"), (Goal{Anchor::kCurrent, "", 0}));
}

TEST(GoalTest, StepsWithoutAWordStartWhereTheDatabaseStands) {
  EXPECT_EQ(Parsed("+2"), (Goal{Anchor::kCurrent, "", 2}));
  EXPECT_EQ(Parsed("-1"), (Goal{Anchor::kCurrent, "", -1}));
  EXPECT_EQ(Parsed("current-1"), Parsed("-1"));
}

TEST(GoalTest, StepsMayStartAnywhere) {
  EXPECT_EQ(Parsed("ae10+3"), (Goal{Anchor::kRevision, "ae10", 3}));
  EXPECT_EQ(Parsed("ae10-12"), (Goal{Anchor::kRevision, "ae10", -12}));
  EXPECT_EQ(Parsed("head-2"), (Goal{Anchor::kHead, "", -2}));
  EXPECT_EQ(Parsed("base+1"), (Goal{Anchor::kBase, "", 1}));
}

TEST(GoalTest, AnythingElseIsARevision) {
  EXPECT_EQ(Parsed("68db6a7fba94"), (Goal{Anchor::kRevision, "68db6a7fba94", 0}));
  EXPECT_EQ(Parsed("20251120_140218"), (Goal{Anchor::kRevision, "20251120_140218", 0}));
  EXPECT_EQ(Parsed("0007"), (Goal{Anchor::kRevision, "0007", 0}));
  EXPECT_EQ(Parsed("größe"), (Goal{Anchor::kRevision, "größe", 0}));
}

TEST(GoalTest, TheTextOfAGoalGivesTheGoal) {
  for (const std::string text : {"head", "heads", "base", "current", "+2", "-7", "ae10", "ae10+1",
                                 "ae10-1", "head-3", "base+4"}) {
    EXPECT_EQ(ToText(Parsed(text)), text);
  }
}

TEST(GoalTest, JunkIsRefusedWithAllThatIsUnderstood) {
  for (const std::string_view text :
       {"",    " ",  "head ", " head", "a b",    "2025-11-03", "a@head", "+",   "-",   "--help",
        "+-1", "1+", "a+b",   "+0",    "base+0", "a\nb",       "+2x",    "a:b", "a,b", "a\tb"}) {
    const Diagnostic refused = Refused(text);
    EXPECT_EQ(refused.code, "bad-goal") << text;
    EXPECT_THAT(refused.hint, HasSubstr("\"head\", \"heads\", \"base\", \"current\"")) << text;
    EXPECT_THAT(refused.message, HasSubstr("\"" + std::string(text) + "\"")) << text;
  }
}

TEST(GoalTest, ANearWordIsSuggested) {
  EXPECT_THAT(Refused("head:").hint, HasSubstr("did you mean \"head\"?"));
  EXPECT_THAT(Refused(" BASE ").hint, HasSubstr("did you mean \"base\"?"));
}

TEST(GoalTest, StepsThatLeaveTheLineAreRefused) {
  EXPECT_THAT(Refused("head+1").message, HasSubstr("nothing comes after the head"));
  EXPECT_THAT(Refused("base-1").message, HasSubstr("nothing comes before the base"));
  EXPECT_THAT(Refused("heads-1").message, HasSubstr("may be several"));
}

TEST(GoalTest, ANumberThatFitsNowhereIsRefused) {
  EXPECT_THAT(Refused("+99999999999").message, HasSubstr("no number of steps"));
  EXPECT_THAT(Refused("-99999999999").message, HasSubstr("no number of steps"));
}

}  // namespace
}  // namespace lockstep
