#include "engine/lock_acquisition.h"

#include <algorithm>

#include "core/blocker_query.h"
#include "postgres/blockers.h"

namespace lockstep {
namespace {

// An autovacuum is cancelled by the deadlock check of whoever waits for it.
constexpr Duration kHurriedLockTimeout = std::chrono::milliseconds(250);
// The next look comes after this many times the longest wait that we caused.
constexpr double kRestAfterVictims = 5;
constexpr double kLookJitter = 0.25;

constexpr const char* kBlind =
    "this role does not see how long other sessions' transactions last (it is no member of "
    "pg_monitor): table locks are asked for with short timeouts, without looking first";

}  // namespace

LockAcquisition::LockAcquisition(const StepContext& context, const Step& step,
                                 const TableLockLimits& limits, const LockNeeds& needs)
    : context_(context),
      step_(step),
      limits_(limits),
      needs_(needs),
      backoff_(limits.retry_pause, limits.retry_pause_limit, context.random),
      began_(context.clock.Now()) {}

Approach LockAcquisition::WaitForOpening() {
  while (CanLook()) {
    const std::vector<Blocker> seen = Look();
    const Opening opening = Judge(seen, limits_, context_.settings.ending);
    const bool free = opening == Opening::kAutovacuum ? !needs_.strong || MayHurryVacuum()
                                                      : opening != Opening::kBlocked;
    if (free) return KnockAt(opening);
    context_.observer.OnBlocked(step_, seen);
    const Duration pause = NextLook();
    if (IsPast(context_.clock.Now() + pause)) return StillBlocked{seen};
    if (!context_.clock.SleepFor(pause, context_.stop.after_current)) return Stopped{};
  }
  return KnockAt(Opening::kFree);
}

bool LockAcquisition::CanLook() {
  if (needs_.targets.empty()) return false;
  const std::optional<bool> sees = context_.lookout.SeesAllActivity();
  if (sees && !*sees) context_.MessageOnce(kBlind);
  return sees.value_or(false);
}

std::vector<Blocker> LockAcquisition::Look() {
  if (needs_.targets.empty()) return {};
  const int own_pid = context_.session.backend_pid();
  auto seen = context_.lookout.Ask(
      [&](Session& session) { return FindHolders(session, needs_.targets, own_pid); });
  std::vector<Blocker> all = std::move(seen).value_or(std::vector<Blocker>{});
  std::vector<Blocker> readers = ReadersOnStandbys();
  all.insert(all.end(), std::make_move_iterator(readers.begin()),
             std::make_move_iterator(readers.end()));
  return Disclosed(std::move(all), context_.settings.blocker_query);
}

std::vector<Blocker> LockAcquisition::ReadersOnStandbys() {
  std::vector<std::string> silent;
  std::vector<Blocker> readers = context_.standbys.FindReaders(needs_.targets, silent);
  for (const std::string& name : silent) {
    context_.MessageOnce("the standby " + name +
                         " cannot be asked who reads there; its replay may wait");
  }
  return readers;
}

bool LockAcquisition::MayHurryVacuum() {
  if (!may_hurry_vacuum_) {
    may_hurry_vacuum_ =
        context_.lookout.Ask([](Session& session) { return lockstep::MayHurryVacuum(session); })
            .value_or(false);
  }
  return *may_hurry_vacuum_;
}

Knock LockAcquisition::KnockAt(Opening opening) {
  const auto rung =
      std::min<std::size_t>(static_cast<std::size_t>(attempts_), limits_.ladder.size() - 1);
  Knock knock{.lock_timeout = needs_.strong ? limits_.ladder[rung] : limits_.lock_timeout};
  if (needs_.strong && opening == Opening::kAutovacuum) {
    knock.hurry_vacuum = true;
    knock.lock_timeout = std::max(knock.lock_timeout, kHurriedLockTimeout);
  }
  knock.end_blockers = opening == Opening::kEndable;
  const Duration left = began_ + limits_.lock_deadline - context_.clock.Now();
  knock.lock_timeout =
      std::max<Duration>(std::min(left, knock.lock_timeout), std::chrono::milliseconds(1));
  const bool waited = attempts_ > 0 || context_.clock.Now() - began_ >= limits_.look_interval / 2;
  if (waited) wait_seconds_ = ToSeconds(context_.clock.Now() - began_);
  ++attempts_;
  return knock;
}

std::optional<Duration> LockAcquisition::PauseAfterLoss(double worst_victim_wait_seconds) {
  const auto rest = std::chrono::duration_cast<Duration>(
      std::chrono::duration<double>(kRestAfterVictims * worst_victim_wait_seconds));
  const Duration pause = std::max(backoff_.Next(), rest);
  if (IsPast(context_.clock.Now() + pause)) return {};
  return pause;
}

Duration LockAcquisition::NextLook() {
  std::uniform_real_distribution<double> factor(1 - kLookJitter, 1 + kLookJitter);
  return std::chrono::duration_cast<Duration>(limits_.look_interval * factor(context_.random));
}

}  // namespace lockstep
