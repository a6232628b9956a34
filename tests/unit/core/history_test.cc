#include "core/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

WallTime Second(int second) { return WallTime{} + std::chrono::seconds(second); }

HistoryEntry Entry(const std::string& revision, std::vector<std::string> parents,
                   long long sequence, bool present = true) {
  HistoryEntry entry;
  entry.revision = revision;
  entry.parents = std::move(parents);
  entry.sequence = sequence;
  entry.present = present;
  entry.recorded_at = Second(static_cast<int>(sequence) * 10);
  return entry;
}

FailedAttempt Attempt(const std::string& revision, const std::string& outcome, int second) {
  FailedAttempt attempt;
  attempt.revision = revision;
  attempt.outcome = outcome;
  attempt.finished_at = Second(second);
  return attempt;
}

TEST(HistoryTest, AnEmptyHistoryHasNothingApplied) {
  const History history;
  EXPECT_TRUE(history.empty());
  EXPECT_THAT(history.Heads(), IsEmpty());
  EXPECT_EQ(history.Find("a"), nullptr);
  EXPECT_FALSE(history.IsApplied("a"));
}

TEST(HistoryTest, EntriesAreInTheOrderOfTheirChanges) {
  const History history({Entry("c", {"b"}, 3), Entry("a", {}, 1), Entry("b", {"a"}, 2)}, {}, {});
  std::vector<std::string> order;
  for (const HistoryEntry& entry : history.entries()) order.push_back(entry.revision);
  EXPECT_THAT(order, ElementsAre("a", "b", "c"));
  EXPECT_EQ(history.Find("b")->sequence, 2);
}

TEST(HistoryTest, WhatWasRolledBackIsKnownAndNotApplied) {
  const History history({Entry("a", {}, 1), Entry("b", {"a"}, 2, false)}, {}, {});
  EXPECT_NE(history.Find("b"), nullptr);
  EXPECT_FALSE(history.IsApplied("b"));
  EXPECT_THAT(history.Applied(), UnorderedElementsAre("a"));
  EXPECT_THAT(history.Heads(), ElementsAre("a"));
}

TEST(HistoryTest, HeadsHaveNoAppliedChild) {
  const History history({Entry("c", {"a"}, 3), Entry("b", {"a"}, 2), Entry("a", {}, 1)}, {}, {});
  EXPECT_THAT(history.Heads(), ElementsAre("b", "c"));
}

TEST(HistoryTest, AMergeIsTheOnlyHeadOfWhatItJoins) {
  const History history(
      {Entry("a", {}, 1), Entry("b", {"a"}, 2), Entry("c", {"a"}, 3), Entry("m", {"b", "c"}, 4)},
      {}, {});
  EXPECT_THAT(history.Heads(), ElementsAre("m"));
}

TEST(HistoryTest, TheNewestAttemptOfARevisionCounts) {
  const History history(
      {}, {Attempt("a", "deferred", 5), Attempt("a", "failed", 9), Attempt("b", "stopped", 12)},
      {});
  ASSERT_NE(history.FailureOf("a"), nullptr);
  EXPECT_EQ(history.FailureOf("a")->outcome, "failed");
  EXPECT_EQ(history.FailureOf("c"), nullptr);
}

TEST(HistoryTest, AnAttemptBeforeTheNewestChangeIsSettled) {
  const History history({Entry("a", {}, 1)}, {Attempt("a", "failed", 5)}, {});
  EXPECT_EQ(history.FailureOf("a"), nullptr);
}

TEST(HistoryTest, AnAttemptAfterTheNewestChangeCounts) {
  const History history({Entry("a", {}, 1, false)}, {Attempt("a", "failed", 11)}, {});
  EXPECT_NE(history.FailureOf("a"), nullptr);
}

TEST(HistoryTest, ProgressIsOfOneDirectionAndInTheOrderOfStatements) {
  const History history({}, {},
                        {{"a", "up", 2, "h2", false, 1},
                         {"a", "up", 1, "h1", true, 1},
                         {"a", "down", 1, "d1", true, 1},
                         {"b", "up", 1, "b1", true, 1}});
  const auto rows = history.ProgressOf("a", "up");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].statement_hash, "h1");
  EXPECT_EQ(rows[1].statement_hash, "h2");
}

}  // namespace
}  // namespace lockstep
