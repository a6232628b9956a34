#include "cli/paint.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

TEST(Paint, ColoursOnlyWhenAsked) {
  EXPECT_EQ(Paint(true)(Tone::kBad, "no"), "\x1b[31mno\x1b[0m");
  EXPECT_EQ(Paint(false)(Tone::kBad, "no"), "no");
}

TEST(Paint, PlainAndEmptyTextStaysAsItIs) {
  EXPECT_EQ(Paint(true)(Tone::kPlain, "yes"), "yes");
  EXPECT_EQ(Paint(true)(Tone::kGood, ""), "");
}

TEST(Paint, EveryToneLooksDifferent) {
  const Paint paint(true);
  EXPECT_EQ(paint(Tone::kGood, "x"), "\x1b[32mx\x1b[0m");
  EXPECT_EQ(paint(Tone::kWaiting, "x"), "\x1b[33mx\x1b[0m");
  EXPECT_EQ(paint(Tone::kDim, "x"), "\x1b[2mx\x1b[0m");
  EXPECT_EQ(paint(Tone::kStrong, "x"), "\x1b[1mx\x1b[0m");
}

}  // namespace
}  // namespace lockstep
