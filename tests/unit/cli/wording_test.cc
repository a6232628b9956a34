#include "cli/wording.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

TEST(Wording, StatesHaveTheToneOfTheirUrgency) {
  EXPECT_EQ(ToneOfState("applied"), Tone::kGood);
  EXPECT_EQ(ToneOfState("at_head"), Tone::kGood);
  EXPECT_EQ(ToneOfState("pending"), Tone::kWaiting);
  EXPECT_EQ(ToneOfState("deferred"), Tone::kWaiting);
  EXPECT_EQ(ToneOfState("failed"), Tone::kBad);
  EXPECT_EQ(ToneOfState("whatever"), Tone::kPlain);
}

TEST(Wording, TimesAndNamesReadAsText) {
  EXPECT_EQ(ShortTime("2026-11-22T18:20:38Z"), "2026-11-22 18:20:38");
  EXPECT_EQ(ShortTime(""), "");
  EXPECT_EQ(WithBlanks("rolled_back"), "rolled back");
  EXPECT_EQ(InSeconds(12), "12 s");
}

TEST(Wording, NoRevisionMeansBase) {
  EXPECT_EQ(RevisionsOrBase({{"heads", json::array{}}}, "heads"), "base");
  EXPECT_EQ(RevisionsOrBase({{"heads", json::array{"a", "b"}}}, "heads"), "a, b");
}

TEST(Wording, LinesKeepTheirEndsAndTabsAndNothingElse) {
  EXPECT_EQ(SafeLines("a\tb\r\n\x1b[2J\n\nlast"), "a\tb\n\\x1b[2J\n\nlast\n");
  EXPECT_EQ(SafeLines(""), "");
}

}  // namespace
}  // namespace lockstep
