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

constexpr const char* kAlone =
    "no second session can be opened to look who uses the tables: their locks are asked for with "
    "short timeouts, without looking first";

}  // namespace

LockAcquisition::LockAcquisition(const StepContext& context, const Step& step,
                                 const TableLockLimits& limits)
    : context_(context),
      step_(step),
      limits_(limits),
      backoff_(limits.retry_pause, limits.retry_pause_limit, context.random),
      began_(context.clock.Now()) {}

Approach LockAcquisition::WaitForOpening(LockNeeds needs) {
  needs_ = std::move(needs);
  for (;;) {
    const std::vector<Blocker> seen = Look();
    const Opening opening = Judge(seen, limits_, EndingRuleNow());
    const bool free = opening == Opening::kAutovacuum ? !needs_.strong || MayHurryVacuum()
                                                      : opening != Opening::kBlocked;
    if (free) return KnockAt(opening);
    context_.observer.OnBlocked(step_, seen);
    const Duration pause = NextLook();
    wait_seconds_ = ToSeconds(context_.clock.Now() - began_);
    if (IsPast(context_.clock.Now() + pause)) return StillBlocked{seen};
    if (!context_.clock.SleepFor(pause, context_.stop.after_current)) return Stopped{};
  }
}

// A rule that the server does not let us follow is none.
EndingRule LockAcquisition::EndingRuleNow() const {
  EndingRule rule = context_.settings.ending;
  rule.on = rule.on && context_.watcher.may_end();
  return rule;
}

// The standbys first: one that is slow to answer must not make the rest of the picture old.
std::vector<Blocker> LockAcquisition::Look() {
  if (needs_.targets.empty()) return {};
  std::vector<Blocker> all = ReadersOnStandbys();
  std::vector<Blocker> holders = Holders();
  all.insert(all.end(), std::make_move_iterator(holders.begin()),
             std::make_move_iterator(holders.end()));
  return Disclosed(std::move(all), context_.settings.blocker_query);
}

// A question that got no answer is asked once more, in a new session; a lookout may be killed.
std::vector<Blocker> LockAcquisition::Holders() {
  for (int tries = 0; tries < 2; ++tries) {
    const std::optional<bool> sees = context_.lookout.SeesAllActivity();
    if (sees && !*sees) {
      context_.MessageOnce(kBlind);
      return {};
    }
    auto seen = context_.lookout.Ask([this](Session& session) {
      return FindHolders(session, needs_.targets, context_.session.backend_pid());
    });
    if (seen) return std::move(*seen);
  }
  context_.MessageOnce(kAlone);
  return {};
}

std::vector<Blocker> LockAcquisition::ReadersOnStandbys() {
  std::vector<std::string> remarks;
  std::vector<Blocker> readers = context_.standbys.FindReaders(needs_.targets, remarks);
  for (const std::string& remark : remarks) context_.MessageOnce(remark);
  return readers;
}

bool LockAcquisition::MayHurryVacuum() {
  if (!may_hurry_vacuum_) {
    may_hurry_vacuum_ =
        context_.lookout.Ask([](Session& session) { return lockstep::MayHurryVacuum(session); });
  }
  return may_hurry_vacuum_.value_or(false);
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
  const bool waited = attempts_ > 0 || wait_seconds_ > 0;
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
