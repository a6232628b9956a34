#include "engine/migration_lock.h"

#include <algorithm>

#include "base/fail_point.h"
#include "base/hash.h"

namespace lockstep {
namespace {

constexpr Duration kFirstPoll = std::chrono::milliseconds(20);
// Who holds the lock is read from a table of all locks, under the latches of all of them.
constexpr Duration kHolderLook = std::chrono::seconds(1);

// Grows with the time waited: whoever waits learns of the end late by a fifth of the whole at most.
// The half that is random keeps a crowd from polling at once.
Duration PollPause(Duration waited, Duration longest, std::mt19937_64& random) {
  const Duration limit = std::min(std::max(waited / 5, kFirstPoll), longest);
  return Duration(
      std::uniform_int_distribution<Duration::rep>(limit.count() / 2, limit.count())(random));
}

// Polls for one key until it is had, the time is over, or nobody wants it any more.
class Poll {
 public:
  Poll(Session& session, const RunSettings& settings, Clock& clock, RunObserver& observer,
       std::mt19937_64& random, const StopTokens& stop)
      : session_(session),
        settings_(settings),
        clock_(clock),
        observer_(observer),
        random_(random),
        stop_(stop),
        began_(clock.Now()) {}

  LockResult For(const LockKey& key, const std::function<bool()>& still_needed) {
    SteadyTime next_holder_look = clock_.Now();
    for (;;) {
      FailPoint("lock_try");
      if (TryLock(session_, key)) return MigrationLock{key, Waited()};
      if (stop_.after_current.stop_requested()) return Stopped{};
      if (still_needed && !still_needed()) return LockNotNeeded{};
      const SteadyTime now = clock_.Now();
      const bool time_is_over = TimeIsOver(now);
      if (time_is_over || now >= next_holder_look) {
        next_holder_look = now + kHolderLook;
        const std::optional<LockHolder> holder = FindLockHolder(session_, key);
        if (holder) observer_.OnWaitingForMigrationLock(*holder, Waited());
        if (time_is_over)
          return LockBusy{holder ? ToText(*holder) : "a session that has just left"};
      }
      const Duration pause = PollPause(now - began_, settings_.migration_lock_poll, random_);
      if (!clock_.SleepFor(pause, stop_.after_current)) return Stopped{};
    }
  }

  double Waited() const { return ToSeconds(clock_.Now() - began_); }

 private:
  bool TimeIsOver(SteadyTime now) const {
    return settings_.migration_lock_wait && now - began_ >= *settings_.migration_lock_wait;
  }

  Session& session_;
  const RunSettings& settings_;
  Clock& clock_;
  RunObserver& observer_;
  std::mt19937_64& random_;
  const StopTokens& stop_;
  SteadyTime began_;
};

std::optional<unsigned> HistoryOid(Session& session, const BookkeepingNames& names) {
  const Rows rows =
      session.Query("select pg_catalog.to_regclass($1)::pg_catalog.oid", {names.Table("history")});
  if (!rows.At(0, 0)) return {};
  return static_cast<unsigned>(rows.Int(0, 0));
}

// While there is no history table, its schema's name stands for it.
LockKey InstallKey(const BookkeepingNames& names) {
  const std::string digits = Sha256(names.schema).substr(0, 8);
  return {kInstallLockSpace, static_cast<unsigned>(std::stoul(digits, nullptr, 16))};
}

// Nothing: the bookkeeping is there now.
std::optional<LockResult> InstallFirst(Session& session, const BookkeepingNames& names,
                                       Poll& poll) {
  const LockKey key = InstallKey(names);
  const auto still_missing = [&] { return !HistoryOid(session, names).has_value(); };
  LockResult result = poll.For(key, still_missing);
  if (std::holds_alternative<LockNotNeeded>(result)) return {};
  if (!std::holds_alternative<MigrationLock>(result)) return result;
  InstallBookkeeping(session, names);
  Unlock(session, key);
  return {};
}

LockResult Acquire(Session& session, const BookkeepingNames& names, Poll& poll,
                   const std::function<bool()>& still_needed) {
  std::optional<unsigned> oid = HistoryOid(session, names);
  if (!oid) {
    if (auto ended = InstallFirst(session, names, poll)) return *ended;
    oid = HistoryOid(session, names);
  }
  return poll.For({kMigrationLockSpace, oid.value()}, still_needed);
}

LockMiss MissOf(const LockResult& result) {
  if (std::holds_alternative<LockBusy>(result)) return LockMiss::kBusy;
  return std::holds_alternative<Stopped>(result) ? LockMiss::kStopped : LockMiss::kNotNeeded;
}

}  // namespace

LockResult AcquireMigrationLock(Session& session, const RunSettings& settings, Clock& clock,
                                RunObserver& observer, std::mt19937_64& random,
                                const StopTokens& stop, const std::function<bool()>& still_needed) {
  Poll poll(session, settings, clock, observer, random, stop);
  LockResult result = Acquire(session, settings.names, poll, still_needed);
  if (auto* lock = std::get_if<MigrationLock>(&result)) {
    FailPoint("lock_won");
    InstallBookkeeping(session, settings.names);
    observer.OnMigrationLock(lock->waited_seconds);
  } else {
    observer.OnMigrationLockMissed(MissOf(result), poll.Waited());
  }
  return result;
}

}  // namespace lockstep
