#include "engine/circuit_breaker.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

using namespace std::chrono_literals;

constexpr SteadyTime kBegin{};

Strain Waiting(int victims, double worst) {
  return {.victims = victims, .worst_wait_seconds = worst, .waiting = true};
}
Strain Holding(int victims, double worst) {
  return {.victims = victims, .worst_wait_seconds = worst, .waiting = false};
}

TEST(CircuitBreaker, LetsAnAttemptGoOnThatHardlyAnybodyNotices) {
  CircuitBreaker breaker(TableLockLimits{}, false);
  EXPECT_EQ(breaker.See(Waiting(19, 0.299), kBegin), std::nullopt);
  EXPECT_EQ(breaker.See(Holding(19, 0.299), kBegin + 1s), std::nullopt);
}

TEST(CircuitBreaker, BreaksWhenManyWait) {
  CircuitBreaker breaker(TableLockLimits{}, false);
  EXPECT_EQ(breaker.See(Waiting(20, 0), kBegin), BreakCause::kVictims);
}

TEST(CircuitBreaker, BreaksWhenOneWaitsForLong) {
  CircuitBreaker breaker(TableLockLimits{}, false);
  EXPECT_EQ(breaker.See(Holding(1, 0.3), kBegin), BreakCause::kVictimWait);
}

TEST(CircuitBreaker, MeasuresTheHoldFromWhenItNoLongerWaits) {
  CircuitBreaker breaker(TableLockLimits{}, false);
  EXPECT_EQ(breaker.See(Waiting(0, 0), kBegin), std::nullopt);
  EXPECT_EQ(breaker.See(Waiting(0, 0), kBegin + 5s), std::nullopt);
  EXPECT_EQ(breaker.See(Holding(0, 0), kBegin + 6s), std::nullopt);
  EXPECT_EQ(breaker.See(Holding(0, 0), kBegin + 7999ms), std::nullopt);
  EXPECT_EQ(breaker.See(Holding(0, 0), kBegin + 8s), BreakCause::kMaxHold);
}

TEST(CircuitBreaker, LeavesALongHoldAloneButNotTheWaitForIt) {
  CircuitBreaker breaker(TableLockLimits{}, true);
  EXPECT_EQ(breaker.See(Holding(500, 60), kBegin), std::nullopt);
  EXPECT_EQ(breaker.See(Holding(500, 60), kBegin + 1h), std::nullopt);
  EXPECT_EQ(breaker.See(Waiting(20, 0), kBegin + 1h), BreakCause::kVictims);
}

TEST(CircuitBreaker, RemembersTheWorst) {
  CircuitBreaker breaker(TableLockLimits{}, false);
  breaker.See(Waiting(3, 0.2), kBegin);
  breaker.See(Holding(7, 0.1), kBegin + 20ms);
  EXPECT_EQ(breaker.worst().victims, 7);
  EXPECT_EQ(breaker.worst().worst_wait_seconds, 0.2);
  EXPECT_EQ(ToText(BreakCause::kVictims, breaker.worst()), "7 sessions waited for it");
  EXPECT_EQ(ToText(BreakCause::kVictimWait, breaker.worst()), "a session waited for it for 0.2 s");
}

}  // namespace
}  // namespace lockstep
