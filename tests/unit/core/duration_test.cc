#include "core/duration.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

using namespace std::chrono_literals;

TEST(ParseDuration, TakesEveryUnit) {
  EXPECT_EQ(ParseDuration("7us"), 7us);
  EXPECT_EQ(ParseDuration("250ms"), 250ms);
  EXPECT_EQ(ParseDuration("30s"), 30s);
  EXPECT_EQ(ParseDuration("5m"), 5min);
  EXPECT_EQ(ParseDuration("5min"), 5min);
  EXPECT_EQ(ParseDuration("2h"), 2h);
  EXPECT_EQ(ParseDuration("1d"), 24h);
}

TEST(ParseDuration, TakesAPoint) {
  EXPECT_EQ(ParseDuration("1.5s"), 1500ms);
  EXPECT_EQ(ParseDuration("0.25h"), 15min);
  EXPECT_EQ(ParseDuration("0.1d"), 144min);
}

TEST(ParseDuration, OnlyZeroNeedsNoUnit) {
  EXPECT_EQ(ParseDuration("0"), 0s);
  EXPECT_EQ(ParseDuration("0ms"), 0s);
  EXPECT_EQ(ParseDuration("10"), std::nullopt);
}

TEST(ParseDuration, RefusesEverythingElse) {
  for (const char* text : {"", "s", "-1s", "+1s", "1 s", " 1s", "1s ", "1S", "1sec", "1.s", ".5s",
                           "1.2.3s", "1,5s", "1e3s", "0x1s", "1s1s", "inf", "--1s", "1.-5s"}) {
    EXPECT_EQ(ParseDuration(text), std::nullopt) << text;
  }
}

TEST(ParseDuration, RefusesWhatDoesNotFit) {
  EXPECT_EQ(ParseDuration("106751d"), 106751 * 24h);
  EXPECT_EQ(ParseDuration("106752d"), std::nullopt);
  EXPECT_EQ(ParseDuration("99999999999999999999s"), std::nullopt);
  EXPECT_EQ(ParseDuration("0.99999999999999999999s"), std::nullopt);
}

TEST(DurationSetting, IsExactAndReadBack) {
  EXPECT_EQ(ToSetting(0s), "0");
  EXPECT_EQ(ToSetting(90s), "90s");
  EXPECT_EQ(ToSetting(120s), "2min");
  EXPECT_EQ(ToSetting(48h), "2d");
  EXPECT_EQ(ToSetting(1500us), "1500us");
  EXPECT_EQ(ToSetting(1500ns), "1.500us");
  EXPECT_EQ(ToSetting(7ns), "0.007us");
  for (const Duration duration : {Duration(1), Duration(999), Duration(1'000'001), Duration(86399s),
                                  Duration::max(), Duration(Duration::max() / 1000)}) {
    EXPECT_EQ(ParseDuration(ToSetting(duration)), duration) << ToSetting(duration);
  }
}

TEST(DurationText, IsInTheUnitsOfPeople) {
  EXPECT_EQ(ToText(Duration(0)), "0 s");
  EXPECT_EQ(ToText(5ms), "0.005 s");
  EXPECT_EQ(ToText(350ms), "0.35 s");
  EXPECT_EQ(ToText(1200ms), "1.2 s");
  EXPECT_EQ(ToText(12s), "12 s");
  EXPECT_EQ(ToText(30s), "30 s");
  EXPECT_EQ(ToText(3min + 20s), "3 min 20 s");
  EXPECT_EQ(ToText(30min), "30 min");
  EXPECT_EQ(ToText(2h + 5min), "2 h 5 min");
  EXPECT_EQ(ToText(51h), "2 d 3 h");
  EXPECT_EQ(ToText(-2s), "-2 s");
}

TEST(DurationText, RoundsIntoTheNextUnitInsteadOfSixtyOfOne) {
  EXPECT_EQ(ToText(999'900us), "1 s");
  EXPECT_EQ(ToText(9'999ms), "10 s");
  EXPECT_EQ(ToText(59'900ms), "1 min");
  EXPECT_EQ(ToText(59min + 59'900ms), "1 h");
  EXPECT_EQ(ToText(23h + 59min + 59s), "1 d");
}

TEST(DurationText, TakesTheLongestDuration) { EXPECT_EQ(ToText(Duration::max()), "106752 d"); }

TEST(PostgresDuration, RoundsUpToAMillisecond) {
  EXPECT_EQ(ToPostgres(30s), "30000ms");
  EXPECT_EQ(ToPostgres(1us), "1ms") << "0 would mean: no limit";
  EXPECT_EQ(ToPostgres(Duration(0)), "0ms");
}

TEST(PostgresDuration, StaysInPostgresRange) { EXPECT_EQ(ToPostgres(1000h), "2147483647ms"); }

}  // namespace
}  // namespace lockstep
