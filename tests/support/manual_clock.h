// A clock that stands still until the test moves it.
#pragma once

#include <mutex>

#include "base/clock.h"

namespace lockstep {

// Thread: any.
class ManualClock : public Clock {
 public:
  // `wall`: what the calendar says at the beginning.
  explicit ManualClock(WallTime wall = WallTime(std::chrono::hours(24 * 365 * 50))) : wall_(wall) {}

  SteadyTime Now() const override {
    const std::lock_guard guard(mutex_);
    return now_;
  }
  WallTime WallNow() const override {
    const std::lock_guard guard(mutex_);
    return wall_;
  }
  bool SleepUntil(SteadyTime until, std::stop_token stop) override {
    const std::lock_guard guard(mutex_);
    if (until > now_) MoveBy(until - now_);
    return !stop.stop_requested();
  }

  void Advance(Duration by) {
    const std::lock_guard guard(mutex_);
    MoveBy(by);
  }

 private:
  void MoveBy(Duration by) {
    now_ += by;
    wall_ += std::chrono::duration_cast<WallTime::duration>(by);
  }

  mutable std::mutex mutex_;
  SteadyTime now_{std::chrono::hours(1)};  // guarded by mutex_
  WallTime wall_;                          // guarded by mutex_
};

}  // namespace lockstep
