// How somebody waits for the migration lock.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "engine/migration_lock.h"
#include "support/manual_clock.h"
#include "support/migrations_under_test.h"

namespace lockstep {
namespace {

using namespace std::chrono_literals;

// Counts what would have been slept.
class PauseClock : public ManualClock {
 public:
  struct Pause {
    Duration waited, length;
  };

  bool SleepUntil(SteadyTime until, std::stop_token stop) override {
    pauses.push_back({Now() - began_, until - Now()});
    return ManualClock::SleepUntil(until, std::move(stop));
  }

  std::vector<Pause> pauses;

 private:
  SteadyTime began_ = Now();
};

class MigrationLockTest : public ::testing::Test {
 protected:
  MigrationLockTest() {
    test_.Add("0001_a", "select 1;");
    test_.Upgrade();
    const LockKey key{kMigrationLockSpace,
                      *ReadLook(*holder_.session, test_.settings.names).bookkeeping.history_oid};
    EXPECT_TRUE(TryLock(*holder_.session, key));
    test_.settings.migration_lock_wait = 60s;
    test_.observer.on_waiting = [this] { ++told_; };
  }

  LockResult Acquire() {
    const OpenedSession waiting = test_.database.Open("waiting");
    return AcquireMigrationLock(*waiting.session, test_.settings, clock_, test_.observer,
                                test_.random, test_.stop.tokens());
  }

  MigrationsUnderTest test_;
  OpenedSession holder_ = test_.database.Open("holder");
  PauseClock clock_;
  int told_ = 0;
};

TEST_F(MigrationLockTest, NoPauseIsLongerThanAFifthOfTheTimeWaitedOrTheSetting) {
  test_.settings.migration_lock_poll = 1s;
  EXPECT_TRUE(std::holds_alternative<LockBusy>(Acquire()));
  Duration longest{};
  for (const PauseClock::Pause& pause : clock_.pauses) {
    const Duration limit = std::clamp<Duration>(pause.waited / 5, 20ms, 1s);
    EXPECT_LE(pause.length, limit) << "after " << ToSeconds(pause.waited) << " s";
    EXPECT_GE(pause.length, limit / 2) << "after " << ToSeconds(pause.waited) << " s";
    longest = std::max(longest, pause.length);
  }
  EXPECT_GT(longest, 500ms);
}

TEST_F(MigrationLockTest, WhoHasItIsAskedOnceASecondAndAtTheEnd) {
  const LockResult result = Acquire();
  EXPECT_GE(told_, 30);  // a pause of up to a second may pass over the moment
  EXPECT_LE(told_, 62);
  EXPECT_NE(std::get<LockBusy>(result).holder.find("lockstep/holder"), std::string::npos);
}

}  // namespace
}  // namespace lockstep
