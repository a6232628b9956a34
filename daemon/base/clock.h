// Time as a seam: the only place of the program that looks at a clock or sleeps.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>

namespace lockstep {

using SteadyTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;
using Duration = std::chrono::nanoseconds;

// Thread: any.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual SteadyTime Now() const = 0;
  virtual WallTime WallNow() const = 0;
  // Returns true when the time has come, false when `stop` was requested first.
  virtual bool SleepUntil(SteadyTime until, std::stop_token stop) = 0;

  bool SleepFor(Duration duration, std::stop_token stop) {
    return SleepUntil(Now() + std::chrono::duration_cast<SteadyTime::duration>(duration), stop);
  }
};

// Thread: any.
class SystemClock : public Clock {
 public:
  SteadyTime Now() const override;
  WallTime WallNow() const override;
  bool SleepUntil(SteadyTime until, std::stop_token stop) override;
};

inline double ToSeconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

// "2026-11-22T18:20:38Z", UTC, to the second.
std::string ToIso8601(WallTime time);

}  // namespace lockstep
