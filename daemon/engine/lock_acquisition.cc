#include "engine/lock_acquisition.h"

#include <algorithm>

namespace lockstep {
namespace {

constexpr Duration kFirstPause = std::chrono::milliseconds(250);
constexpr Duration kLongestPause = std::chrono::seconds(15);

}  // namespace

TableLockLimits LimitsFor(const RunSettings& settings, const LockLimits& own) {
  return {.lock_timeout = own.lock_timeout.value_or(settings.lock_timeout),
          .lock_deadline = own.lock_deadline.value_or(settings.lock_deadline),
          .statement_timeout = own.statement_timeout.value_or(settings.statement_timeout)};
}

LockAcquisition::LockAcquisition(const TableLockLimits& limits, Clock& clock,
                                 std::mt19937_64& random)
    : limits_(limits),
      clock_(clock),
      backoff_(kFirstPause, kLongestPause, random),
      began_(clock.Now()),
      attempt_began_(began_) {}

Duration LockAcquisition::lock_timeout() const {
  const Duration left = began_ + limits_.lock_deadline - clock_.Now();
  return std::clamp<Duration>(limits_.lock_timeout, std::chrono::milliseconds(1),
                              std::max<Duration>(left, std::chrono::milliseconds(1)));
}

void LockAcquisition::AttemptBegins() {
  ++attempts_;
  attempt_began_ = clock_.Now();
}

std::optional<Duration> LockAcquisition::PauseAfterLoss() {
  const SteadyTime deadline = began_ + limits_.lock_deadline;
  const Duration pause = backoff_.Next();
  if (clock_.Now() + pause >= deadline) return {};
  return pause;
}

double LockAcquisition::wait_seconds() const {
  return attempts_ <= 1 ? 0 : ToSeconds(attempt_began_ - began_);
}

}  // namespace lockstep
