#include "engine/server_memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace lockstep {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

ServerFacts Server(long long timeline, const std::string& started = "at noon",
                   const std::string& cluster = "7001") {
  ServerFacts facts;
  facts.identity = {cluster, timeline, started};
  return facts;
}

History WithChanges(const std::vector<std::pair<std::string, int>>& changes) {
  std::vector<HistoryEntry> entries;
  for (const auto& [revision, change] : changes) {
    HistoryEntry entry;
    entry.revision = revision;
    entry.change = change;
    entry.present = change % 2 == 1;
    entries.push_back(entry);
  }
  return History(entries, {}, {});
}

std::string RefusalOf(ServerMemory& memory, const ServerFacts& facts) {
  try {
    memory.Meet(facts, History());
  } catch (const Error& error) {
    return std::string(NameOf(error.code())) + ": " + error.what();
  }
  return "accepted";
}

TEST(ServerMemoryTest, TheSameServerIsNoNews) {
  ServerMemory memory;
  EXPECT_TRUE(memory.IsAnother(Server(1)));
  EXPECT_FALSE(memory.Meet(Server(1), History()));
  EXPECT_FALSE(memory.IsAnother(Server(1)));
  EXPECT_FALSE(memory.Meet(Server(1), WithChanges({{"0001", 1}})));
  EXPECT_FALSE(memory.Meet(Server(1, "after a restart"), WithChanges({{"0001", 1}})));
}

TEST(ServerMemoryTest, D3_AFailoverIsNoticedWithWhatItHasUndone) {
  ServerMemory memory;
  memory.Meet(Server(1), WithChanges({{"0001", 1}, {"0002", 2}}));
  memory.OnCommit("0002");
  memory.OnCommit("0003");
  const auto failover = memory.Meet(Server(2), WithChanges({{"0001", 1}, {"0002", 2}}));
  ASSERT_TRUE(failover);
  EXPECT_THAT(failover->lost, ElementsAre("0002", "0003"));
  EXPECT_EQ(ToText(*failover),
            "another server leads now: timeline 1 became 2; committed before, and lost with that: "
            "0002, 0003");
  EXPECT_FALSE(memory.Meet(Server(2), WithChanges({{"0001", 1}, {"0002", 2}})));
}

TEST(ServerMemoryTest, D3_WhatSomebodyElseHasDoneSinceIsNotLost) {
  ServerMemory memory;
  memory.Meet(Server(1), WithChanges({{"0001", 1}}));
  const auto failover = memory.Meet(Server(3), WithChanges({{"0001", 2}, {"0002", 1}}));
  ASSERT_TRUE(failover);
  EXPECT_THAT(failover->lost, IsEmpty());
  EXPECT_EQ(ToText(*failover),
            "another server leads now: timeline 1 became 3; the history is whole");
}

TEST(ServerMemoryTest, D2_WhatARestartHasLostIsNoticed) {
  ServerMemory memory;
  memory.Meet(Server(1), WithChanges({{"0001", 1}}));
  const auto restart = memory.Meet(Server(1, "after a crash"), History());
  ASSERT_TRUE(restart);
  EXPECT_EQ(ToText(*restart),
            "the server was started again; committed before, and lost with that: 0001");
}

TEST(ServerMemoryTest, D4_AnOldPrimaryIsRefusedForAsLongAsItIsThere) {
  ServerMemory memory;
  memory.Meet(Server(1), History());
  memory.Meet(Server(2), History());
  const std::string refusal =
      "old_primary: the server is an old primary: it is on timeline 1, and this database was seen "
      "on timeline 2";
  EXPECT_EQ(RefusalOf(memory, Server(1)), refusal);
  EXPECT_EQ(RefusalOf(memory, Server(1, "after a restart")), refusal);
  EXPECT_EQ(RefusalOf(memory, Server(2)), "accepted");
}

TEST(ServerMemoryTest, AnotherClusterIsToldAndTimelinesOfTwoAreNotCompared) {
  ServerMemory memory;
  memory.Meet(Server(5), History());
  const auto moved = memory.Meet(Server(1, "at noon", "8002"), History());
  ASSERT_TRUE(moved);
  EXPECT_EQ(ToText(*moved),
            "the database is on another cluster now: system identifier 7001 became 8002; the "
            "history is whole");
}

TEST(ServerMemoryTest, N12_AStandbySaysNothingOfThePrimary) {
  ServerMemory memory;
  memory.Meet(Server(2), WithChanges({{"0001", 1}}));
  EXPECT_FALSE(memory.IsAnother(ServerFacts()));
  EXPECT_FALSE(memory.Meet(ServerFacts(), History()));
  EXPECT_FALSE(memory.Meet(Server(2), WithChanges({{"0001", 1}})));
}

}  // namespace
}  // namespace lockstep
