#include "engine/attempt_loop.h"

#include "postgres/sql_state.h"

namespace lockstep {
namespace {

// Our own cancel and a lost race look the same to somebody who was asked to stop: nothing happened.
bool EndedByStop(const StepContext& context, const SqlError& error) {
  return context.stop.after_current.stop_requested() &&
         (error.sqlstate == sql_state::kQueryCancelled ||
          sql_state::IsWorthRetrying(error.sqlstate));
}

}  // namespace

StepResult RunAttempts(const StepContext& context, const Step& step, LockAcquisition& locks,
                       const Attempt& attempt) {
  for (;;) {
    if (context.stop.now.stop_requested()) return Stopped{};
    locks.AttemptBegins();
    const std::optional<SqlFailure> failure = attempt();
    if (!failure) return Applied{};
    if (EndedByStop(context, failure->error)) return Stopped{};
    if (!sql_state::IsWorthRetrying(failure->error.sqlstate)) return Failed{*failure};
    const auto pause = locks.PauseAfterLoss();
    if (!pause) return Deferred{*failure, context.watcher.Blockers()};
    context.observer.OnRetry(step, failure->error, ToSeconds(*pause));
    if (!context.clock.SleepFor(*pause, context.stop.after_current)) return Stopped{};
  }
}

}  // namespace lockstep
