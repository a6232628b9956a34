#include "core/table_lock_limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace lockstep {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

// A value that each key takes and that is not its default.
const std::map<std::string, std::string> kValues = {
    {"lock_ladder", "10ms, 20ms"}, {"next_lock_timeout", "5ms"}, {"acquire_timeout", "1s"},
    {"lock_timeout", "3s"},        {"max_hold", "9s"},           {"statement_timeout", "1h"},
    {"look_interval", "1s"},       {"young_holder", "1ms"},      {"retry_pause", "1s"},
    {"retry_pause_limit", "1min"}, {"lock_deadline", "1d"},      {"max_victims", "3"},
    {"max_victim_wait", "100ms"},  {"small_table", "2GiB"},
};

TEST(TableLockLimits, EachKeySetsSomethingOfItsOwn) {
  std::vector<TableLockLimits> changed;
  for (const std::string& key : TableLockKeys()) {
    TableLockLimits limits;
    ASSERT_TRUE(kValues.contains(key)) << key;
    EXPECT_EQ(SetTableLockLimit(limits, key, kValues.at(key)), "") << key;
    EXPECT_NE(limits, TableLockLimits{}) << key;
    for (const TableLockLimits& other : changed) EXPECT_NE(limits, other) << key;
    changed.push_back(limits);
  }
  EXPECT_EQ(changed.size(), kValues.size());
}

TEST(TableLockLimits, WhatIsToldOfALimitSetsIt) {
  for (const auto& [key, value] : kValues) {
    TableLockLimits limits;
    ASSERT_EQ(SetTableLockLimit(limits, key, value), "") << key;
    EXPECT_EQ(TableLockLimitText(limits, key), value);
    EXPECT_NE(TableLockLimitText(TableLockLimits{}, key), value);
  }
}

TEST(TableLockLimits, TheLadderHasItsRungsInOrder) {
  TableLockLimits limits;
  EXPECT_EQ(SetTableLockLimit(limits, "lock_ladder", "10ms,1s , 500ms"), "");
  EXPECT_THAT(limits.ladder, ElementsAre(10ms, 1s, 500ms));
}

TEST(TableLockLimits, NoWaitIsEverWithoutAnEnd) {
  for (const char* key : {"lock_ladder", "next_lock_timeout", "acquire_timeout", "lock_timeout",
                          "max_hold", "young_holder", "lock_deadline", "max_victim_wait"}) {
    TableLockLimits limits;
    EXPECT_NE(SetTableLockLimit(limits, key, "0"), "") << key;
    EXPECT_EQ(limits, TableLockLimits{}) << key;
  }
}

TEST(TableLockLimits, WhatCannotBeUsedIsToldAndChangesNothing) {
  const std::vector<std::array<std::string, 3>> table = {
      {"lock_ladder", "50ms,,1s", "times with commas"},
      {"lock_ladder", "50", "times with commas"},
      {"lock_ladder", "", "times with commas"},
      {"max_hold", "soon", "a time with its unit"},
      {"max_victims", "0", "a number from 1"},
      {"max_victims", "many", "a number from 1"},
      {"max_victims", "9999999999999999999", "a"},
      {"small_table", "10", "a size"},
      {"small_table", "-1MiB", "a size"},
      {"small_table", "MiB", "a size"},
      {"small_table", "9999999TiB", "a size"},
  };
  for (const auto& [key, value, problem] : table) {
    TableLockLimits limits;
    EXPECT_THAT(SetTableLockLimit(limits, key, value), HasSubstr(problem)) << key << value;
    EXPECT_EQ(limits, TableLockLimits{}) << key << value;
  }
}

TEST(TableLockLimits, SizesAreBinary) {
  TableLockLimits limits;
  EXPECT_EQ(SetTableLockLimit(limits, "small_table", "3 KiB"), "");
  EXPECT_EQ(limits.small_table, 3072);
  EXPECT_EQ(SetTableLockLimit(limits, "small_table", "0"), "");
  EXPECT_EQ(limits.small_table, 0);
  EXPECT_EQ(TableLockLimitText(limits, "small_table"), "0");
}

TEST(TableLockLimits, AFileSaysForItselfWhatItWants) {
  TableLockLimits settings;
  settings.max_victims = 7;
  const TableLockLimits own = Overridden(settings, {{"max_hold", "10s"}, {"lock_deadline", "1h"}});
  EXPECT_EQ(own.max_hold, 10s);
  EXPECT_EQ(own.lock_deadline, 1h);
  EXPECT_EQ(own.max_victims, 7);
}

}  // namespace
}  // namespace lockstep
