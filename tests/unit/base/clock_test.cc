#include "base/clock.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace lockstep {
namespace {

using namespace std::chrono_literals;

TEST(SystemClock, SleepsUntilTheTimeHasCome) {
  SystemClock clock;
  const SteadyTime until = clock.Now() + 2ms;
  EXPECT_TRUE(clock.SleepUntil(until, {}));
  EXPECT_GE(clock.Now(), until);
}

TEST(SystemClock, DoesNotSleepForATimeThatIsPast) {
  SystemClock clock;
  EXPECT_TRUE(clock.SleepUntil(clock.Now() - 1h, {}));
}

// Without the request these two would hang for an hour.
TEST(SystemClock, WakesAtOnceWhenStopWasRequestedBefore) {
  SystemClock clock;
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(clock.SleepFor(1h, stop.get_token()));
}

TEST(SystemClock, WakesWhenStopIsRequestedMeanwhile) {
  SystemClock clock;
  std::stop_source stop;
  std::jthread requester([&stop] { stop.request_stop(); });
  EXPECT_FALSE(clock.SleepFor(1h, stop.get_token()));
}

TEST(Iso8601, IsUtcToTheSecond) {
  const WallTime time = WallTime(std::chrono::seconds(1'795'371'638));
  EXPECT_EQ(ToIso8601(time), "2026-11-22T18:20:38Z");
  EXPECT_EQ(ToIso8601(time + 999ms), "2026-11-22T18:20:38Z");
  EXPECT_EQ(ToIso8601(WallTime(-1ms)), "1969-12-31T23:59:59Z") << "rounds down, also before 1970";
}

}  // namespace
}  // namespace lockstep
