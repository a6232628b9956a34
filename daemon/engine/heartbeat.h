// The migration lock belongs to who is alive: the server ends a session that holds it in silence.
#pragma once

#include "base/clock.h"
#include "postgres/session.h"

namespace lockstep {

// A clock in whose pauses `session` says something, so that it is never silent for its
// `idle_limit` (zero: there is none). Throws Error kConnectionLost out of a pause.
// Thread: run.
class Heartbeat : public Clock {
 public:
  Heartbeat(Clock& clock, Session& session, Duration idle_limit);

  SteadyTime Now() const override { return clock_.Now(); }
  WallTime WallNow() const override { return clock_.WallNow(); }
  bool SleepUntil(SteadyTime until, std::stop_token stop) override;

 private:
  Clock& clock_;
  Session& session_;
  Duration interval_;
  SteadyTime next_;
};

// Without a limit while `work` is done: another program does it, and may take its time. Throws
// Error kConnectionLost when the session did not outlive it, or what `work` throws.
template <typename Work>
auto InSilence(Session& session, Duration idle_limit, Work work) {
  LimitIdleness(session, Duration::zero());
  auto result = work();
  LimitIdleness(session, idle_limit);
  return result;
}

}  // namespace lockstep
