#include "engine/opening.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

Blocker Holder(double age_seconds, BlockerKind kind = BlockerKind::kActive) {
  Blocker blocker;
  blocker.pid = 4711;
  blocker.transaction_age_seconds = age_seconds;
  blocker.kind = kind;
  return blocker;
}

Opening JudgeOf(const std::vector<Blocker>& seen, const EndingRule& ending = {}) {
  return Judge(seen, TableLockLimits{}, ending);
}

TEST(Opening, IsFreeWhenNobodyIsInTheWay) { EXPECT_EQ(JudgeOf({}), Opening::kFree); }

TEST(Opening, IsFreeWhenOnlyTheYoungAreInTheWay) {
  EXPECT_EQ(JudgeOf({Holder(0.1), Holder(0.199)}), Opening::kFree);
  EXPECT_EQ(JudgeOf({Holder(-1)}), Opening::kFree) << "it ended while we looked";
  Blocker silent = Holder(-1);
  silent.user = "app";
  EXPECT_EQ(JudgeOf({silent}), Opening::kBlocked) << "it is there and does not show its age";
  silent.state = "disabled";
  EXPECT_EQ(JudgeOf({silent}), Opening::kBlocked) << "track_activities is off";
  // Locks are read a moment before the sessions' states: on a busy table somebody always commits
  // in between.
  silent.state = "idle";
  EXPECT_EQ(JudgeOf({silent}), Opening::kFree) << "its transaction has ended";
}

TEST(Opening, IsBlockedByOneOldTransactionAmongYoungOnes) {
  EXPECT_EQ(JudgeOf({Holder(0.1), Holder(0.2)}), Opening::kBlocked);
  EXPECT_EQ(JudgeOf({Holder(9, BlockerKind::kIdleInTransaction)}), Opening::kBlocked);
  EXPECT_EQ(JudgeOf({Holder(9, BlockerKind::kDdl)}), Opening::kBlocked);
}

TEST(Opening, IsBlockedBySomebodyWhoQueuesHoweverYoung) {
  Blocker queued = Holder(0.01);
  queued.queued = true;
  EXPECT_EQ(JudgeOf({queued}), Opening::kBlocked);
}

TEST(Opening, NeverPushesWhatDoesNotGiveWay) {
  EXPECT_EQ(JudgeOf({Holder(0.01, BlockerKind::kPrepared)}), Opening::kBlocked);
  EXPECT_EQ(JudgeOf({Holder(0.01, BlockerKind::kWraparound)}), Opening::kBlocked);
}

TEST(Opening, KnowsAnOrdinaryAutovacuumThatIsAlone) {
  EXPECT_EQ(JudgeOf({Holder(900, BlockerKind::kAutovacuum)}), Opening::kAutovacuum);
  EXPECT_EQ(JudgeOf({Holder(900, BlockerKind::kAutovacuum), Holder(0.1)}), Opening::kAutovacuum);
  EXPECT_EQ(JudgeOf({Holder(900, BlockerKind::kAutovacuum), Holder(1)}), Opening::kBlocked);
}

TEST(Opening, WaitsForAReaderOnAStandby) {
  Blocker reader = Holder(0.1);
  reader.standby = "standby:5432";
  EXPECT_EQ(JudgeOf({reader}), Opening::kBlocked);
}

Blocker Forgotten() {
  Blocker blocker = Holder(61, BlockerKind::kIdleInTransaction);
  blocker.state_seconds = 60;
  blocker.user = "app";
  blocker.application_name = "worker";
  return blocker;
}

EndingRule RuleFor(std::vector<std::string> users, std::vector<std::string> applications) {
  return {.on = true, .users = std::move(users), .applications = std::move(applications)};
}

TEST(Opening, MayEndWhomTheRuleNames) {
  EXPECT_EQ(JudgeOf({Forgotten()}, RuleFor({"app"}, {})), Opening::kEndable);
  EXPECT_EQ(JudgeOf({Forgotten()}, RuleFor({}, {"worker"})), Opening::kEndable);
}

TEST(Opening, EndsNobodyElse) {
  EXPECT_EQ(JudgeOf({Forgotten()}), Opening::kBlocked) << "off by default";
  EXPECT_EQ(JudgeOf({Forgotten()}, {.on = true}), Opening::kBlocked) << "nobody is listed";
  EXPECT_EQ(JudgeOf({Forgotten()}, RuleFor({"other"}, {"app"})), Opening::kBlocked);
  Blocker recent = Forgotten();
  recent.state_seconds = 59;  // it worked a minute ago
  EXPECT_EQ(JudgeOf({recent}, RuleFor({"app"}, {})), Opening::kBlocked);
  Blocker working = Forgotten();
  working.kind = BlockerKind::kActive;
  EXPECT_EQ(JudgeOf({working}, RuleFor({"app"}, {})), Opening::kBlocked);
  Blocker elsewhere = Forgotten();
  elsewhere.standby = "standby";
  EXPECT_EQ(JudgeOf({elsewhere}, RuleFor({"app"}, {})), Opening::kBlocked);
  EXPECT_EQ(JudgeOf({Forgotten(), Holder(5)}, RuleFor({"app"}, {})), Opening::kBlocked)
      << "ending the one would not make room";
}

}  // namespace
}  // namespace lockstep
