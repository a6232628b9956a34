#include "agent/run_journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/manual_clock.h"

namespace lockstep {
namespace {

class RunJournalTest : public ::testing::Test {
 protected:
  static RunOrder Upgrade(const std::string& target = "shop") {
    return {.target = target, .direction = Direction::kUp, .goal = "head"};
  }
  JournaledRun Taken(const RunOrder& order, std::string_view key = {}) {
    return std::get<OrderTaken>(journal_.Submit(order, key)).run;
  }
  void End(const std::string& id) { journal_.End(id, {{{"state", "done"}}, ExitCode::kDone}); }

  ManualClock clock_;
  int changes_ = 0;
  RunJournal journal_{clock_, [this] { ++changes_; }};
};

TEST_F(RunJournalTest, ATargetHasOneActiveRun) {
  const JournaledRun first = Taken(Upgrade());
  const OrderAnswer second = journal_.Submit(Upgrade());
  ASSERT_TRUE(std::holds_alternative<OrderConflict>(second));
  EXPECT_EQ(std::get<OrderConflict>(second).run.id, first.id);
  EXPECT_TRUE(std::holds_alternative<OrderTaken>(journal_.Submit(Upgrade("other"))));
  End(first.id);
  EXPECT_TRUE(std::holds_alternative<OrderTaken>(journal_.Submit(Upgrade())));
}

// Faults: C10.
TEST_F(RunJournalTest, OneKeyIsOneRunForAsLongAsItIsRemembered) {
  const JournaledRun first = Taken(Upgrade(), "k1");
  const OrderAnswer again = journal_.Submit(Upgrade(), "k1");
  EXPECT_TRUE(std::get<OrderTaken>(again).again);
  EXPECT_EQ(std::get<OrderTaken>(again).run.id, first.id);
  End(first.id);
  EXPECT_EQ(std::get<OrderTaken>(journal_.Submit(Upgrade(), "k1")).run.id, first.id);
}

TEST_F(RunJournalTest, AKeyThatStandsForAnotherOrderIsAConflict) {
  Taken(Upgrade(), "k1");
  RunOrder other = Upgrade();
  other.goal = "base";
  const OrderAnswer answer = journal_.Submit(other, "k1");
  ASSERT_TRUE(std::holds_alternative<OrderConflict>(answer));
  EXPECT_TRUE(std::get<OrderConflict>(answer).key_reused);
}

TEST_F(RunJournalTest, EventsAreNumberedAndReadFromAnyPoint) {
  const std::string id = Taken(Upgrade()).id;
  journal_.Append(id, {{"event", "a"}});
  journal_.Append(id, {{"event", "b"}});
  auto events = journal_.EventsAfter(id, 0);
  ASSERT_TRUE(events);
  EXPECT_THAT(events->lines,
              ::testing::ElementsAre(R"({"seq":1,"event":"a"})", R"({"seq":2,"event":"b"})"));
  EXPECT_FALSE(events->ended);
  events = journal_.EventsAfter(id, 1);
  EXPECT_THAT(events->lines, ::testing::ElementsAre(R"({"seq":2,"event":"b"})"));
  EXPECT_FALSE(journal_.EventsAfter("nobody", 0));
}

TEST_F(RunJournalTest, TheLastEventIsTheAnswer) {
  const std::string id = Taken(Upgrade()).id;
  End(id);
  const auto events = journal_.EventsAfter(id, 0);
  ASSERT_EQ(events->lines.size(), 1U);
  EXPECT_TRUE(events->ended);
  EXPECT_THAT(events->lines[0], ::testing::HasSubstr(R"("event":"ended")"));
  EXPECT_THAT(events->lines[0],
              ::testing::HasSubstr(R"("exit_code":0,"document":{"state":"done"})"));
  EXPECT_EQ(journal_.Find(id)->answer->exit_code, ExitCode::kDone);
}

TEST_F(RunJournalTest, ProgressIsWhatIsDroppedOfTooManyEvents) {
  const std::string id = Taken(Upgrade()).id;
  journal_.Append(id, {{"event", "first"}});
  for (int i = 0; i < 6000; ++i) journal_.Append(id, {{"event", "statement_progress"}});
  journal_.Append(id, {{"event", "last"}});
  const auto events = journal_.EventsAfter(id, 0);
  EXPECT_EQ(events->lines.size(), 5000U);
  EXPECT_THAT(events->lines.front(), ::testing::HasSubstr("first"));
  EXPECT_THAT(events->lines.back(), ::testing::HasSubstr("last"));
}

TEST_F(RunJournalTest, TheOldestIsDroppedOnceNoProgressIsLeft) {
  const std::string id = Taken(Upgrade()).id;
  journal_.Append(id, {{"event", "first"}});
  journal_.Append(id, {{"event", "statement_progress"}});
  for (int i = 0; i < 5000; ++i) journal_.Append(id, {{"event", "notice"}});
  journal_.Append(id, {{"event", "last"}});
  const auto events = journal_.EventsAfter(id, 0);
  EXPECT_EQ(events->lines.size(), 5000U);
  EXPECT_THAT(events->lines, ::testing::Each(::testing::Not(::testing::HasSubstr("first"))));
  EXPECT_THAT(events->lines, ::testing::Each(::testing::Not(::testing::HasSubstr("progress"))));
  EXPECT_THAT(events->lines.back(), ::testing::HasSubstr("last"));
}

TEST_F(RunJournalTest, AStopThatWasAskedForBeforeTheRunBeganReachesIt) {
  const std::string id = Taken(Upgrade()).id;
  EXPECT_TRUE(journal_.RequestStop(id, true));
  const auto stop = std::make_shared<StopSource>();
  journal_.Begin(id, stop);
  EXPECT_TRUE(stop->tokens().now.stop_requested());
  EXPECT_TRUE(journal_.Find(id)->stopping);
}

TEST_F(RunJournalTest, AStopAfterTheCurrentOneDoesNotCancel) {
  const std::string id = Taken(Upgrade()).id;
  const auto stop = std::make_shared<StopSource>();
  journal_.Begin(id, stop);
  journal_.RequestStop(id, false);
  EXPECT_TRUE(stop->tokens().after_current.stop_requested());
  EXPECT_FALSE(stop->tokens().now.stop_requested());
  journal_.RequestStop(id, true);
  EXPECT_TRUE(stop->tokens().now.stop_requested());
}

TEST_F(RunJournalTest, WhatHasEndedCannotBeStopped) {
  const std::string id = Taken(Upgrade()).id;
  End(id);
  EXPECT_FALSE(journal_.RequestStop(id, false));
  EXPECT_FALSE(journal_.RequestStop("nobody", false));
}

TEST_F(RunJournalTest, OnlyARunThatWaitsForTheLockIsInterruptedAndItIsNotStopping) {
  const std::string id = Taken(Upgrade()).id;
  const auto stop = std::make_shared<StopSource>();
  journal_.Begin(id, stop);
  journal_.Interrupt("shop");
  EXPECT_FALSE(stop->requested());
  journal_.SetPhase(id, RunPhase::kWaiting);
  journal_.Interrupt("shop");
  EXPECT_TRUE(stop->requested());
  EXPECT_FALSE(journal_.Find(id)->stopping);
}

TEST_F(RunJournalTest, RemembersTheLastHundredThatEndedAndEveryActiveOne) {
  const std::string active = Taken(Upgrade("busy")).id;
  for (int i = 0; i < 150; ++i) End(Taken(Upgrade()).id);
  EXPECT_EQ(journal_.Recent().size(), 101U);
  EXPECT_TRUE(journal_.Find(active));
}

// A long run of one target, while others had many: its end was forgotten in the moment in which it
// was told, and its thread asked for what was not there.
TEST_F(RunJournalTest, WhatHasJustEndedIsRememberedHoweverLongItTook) {
  const std::string active = Taken(Upgrade("busy")).id;
  for (int i = 0; i < 150; ++i) End(Taken(Upgrade()).id);
  End(active);
  ASSERT_TRUE(journal_.Find(active));
  EXPECT_TRUE(journal_.EventsAfter(active, 0)->ended);
  EXPECT_EQ(journal_.Recent().size(), 100U);
}

TEST_F(RunJournalTest, NoRunFillsTheMemoryWithItsEvents) {
  const std::string id = Taken(Upgrade()).id;
  const std::string notice(100'000, 'x');
  for (int i = 0; i < 100; ++i) journal_.Append(id, {{"event", "notice"}, {"message", notice}});
  std::size_t bytes = 0;
  const auto events = journal_.EventsAfter(id, 0);
  for (const std::string& line : events->lines) bytes += line.size();
  EXPECT_LT(bytes, 1U << 20);
  EXPECT_EQ(events->last, 100U);
}

TEST_F(RunJournalTest, OfManyLargeRunsTheOldestKeepTheirEndAlone) {
  const std::string first = Taken(Upgrade()).id;
  const std::string notice(700'000, 'x');
  journal_.Append(first, {{"event", "notice"}, {"message", notice}});
  End(first);
  EXPECT_EQ(journal_.EventsAfter(first, 0)->lines.size(), 2U);
  for (int i = 0; i < 50; ++i) {
    const std::string id = Taken(Upgrade()).id;
    journal_.Append(id, {{"event", "notice"}, {"message", notice}});
    End(id);
  }
  const auto left = journal_.EventsAfter(first, 0);
  ASSERT_EQ(left->lines.size(), 1U);
  EXPECT_THAT(left->lines[0], ::testing::HasSubstr("\"event\":\"ended\""));
}

TEST_F(RunJournalTest, EachChangeIsTold) {
  const std::string id = Taken(Upgrade()).id;
  const int before = changes_;
  journal_.Append(id, {{"event", "a"}});
  journal_.SetPhase(id, RunPhase::kRunning);
  End(id);
  EXPECT_EQ(changes_, before + 3);
}

}  // namespace
}  // namespace lockstep
