#include "engine/heartbeat.h"

#include <utility>

namespace lockstep {
namespace {

// So that one beat may come late.
constexpr int kBeatsInALimit = 3;

}  // namespace

Heartbeat::Heartbeat(Clock& clock, Session& session, Duration idle_limit)
    : clock_(clock),
      session_(session),
      interval_(idle_limit / kBeatsInALimit),
      next_(clock.Now() + interval_) {}

bool Heartbeat::SleepUntil(SteadyTime until, std::stop_token stop) {
  if (interval_ == Duration::zero()) return clock_.SleepUntil(until, std::move(stop));
  while (next_ < until) {
    if (!clock_.SleepUntil(next_, stop)) return false;
    session_.Query("select 1");
    next_ = clock_.Now() + interval_;
  }
  return clock_.SleepUntil(until, std::move(stop));
}

}  // namespace lockstep
