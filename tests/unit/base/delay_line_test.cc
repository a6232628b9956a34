#include "support/delay_line.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

using std::chrono::milliseconds;

SteadyTime At(int ms) { return SteadyTime(milliseconds(ms)); }

TEST(DelayLineTest, EachByteTakesAsLongAndNoneOvertakes) {
  DelayLine line(milliseconds(5));
  line.Put("a", At(10));
  line.Put("b", At(12));
  EXPECT_EQ(line.Take(At(14)), "");
  EXPECT_EQ(line.due(), At(15));
  EXPECT_EQ(line.Take(At(15)), "a");
  EXPECT_EQ(line.due(), At(17));
  EXPECT_EQ(line.Take(At(20)), "b");
  EXPECT_FALSE(line.due());
}

TEST(DelayLineTest, AnyAmountIsOnItsWayAtOnce) {
  DelayLine line(milliseconds(5));
  for (int i = 0; i < 1000; ++i) line.Put(std::string(1000, 'x'), At(10));
  EXPECT_EQ(line.Take(At(15)).size(), 1000u * 1000u);
}

TEST(DelayLineTest, WhatComesBeforeTheLineIsOpenLeavesThen) {
  DelayLine line(milliseconds(5), At(20));
  line.Put("a", At(11));
  line.Put("b", At(30));
  EXPECT_EQ(line.Take(At(24)), "");
  EXPECT_EQ(line.Take(At(25)), "a");
  EXPECT_EQ(line.due(), At(35));
}

TEST(DelayLineTest, TheEndComesAfterAllThatWasPutIn) {
  DelayLine line(milliseconds(5));
  line.Put("a", At(10));
  line.End(At(12));
  EXPECT_EQ(line.Take(At(16)), "a");
  EXPECT_FALSE(line.ended());
  EXPECT_EQ(line.due(), At(17));
  EXPECT_EQ(line.Take(At(17)), "");
  EXPECT_TRUE(line.ended());
}

TEST(DelayLineTest, WithoutADelayAllIsThereAtOnce) {
  DelayLine line(milliseconds(0));
  line.Put("a", At(10));
  line.End(At(10));
  EXPECT_EQ(line.Take(At(10)), "a");
  EXPECT_TRUE(line.ended());
}

}  // namespace
}  // namespace lockstep
