// A few sessions that are kept open for short questions: the status, the history, a run's lookout.
//
// Bounded: who finds none free waits, for a while. No session of the pool ever changes anything.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "postgres/session.h"

namespace lockstep {

struct PoolLimits {
  int size = 2;
  Duration wait = std::chrono::seconds(5);          // for a free session
  Duration check_after = std::chrono::seconds(30);  // idle for so long: asked whether it lives
  Duration close_after = std::chrono::minutes(2);   // idle for so long, and not the last: closed
  // Of every answer: past it the session is given up, so that a dead network holds up nobody.
  std::chrono::milliseconds answer_deadline{5'000};
};

struct PoolFigures {
  int idle = 0;
  int busy = 0;  // lent, or being opened or asked for somebody
  int most = 0;  // how many there may be of both
  int pending_requests = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t connections_opened = 0;
  std::uint64_t connections_failed = 0;
};

// Thread: any.
class ConnectionPool {
 public:
  // `on_wait` is told how long each request waited for its session, in seconds (0 when one was
  // free); it is called by the thread that asked.
  ConnectionPool(SessionFactory open, PoolLimits limits, Clock& clock,
                 std::function<void(double)> on_wait = {});
  // REQUIRES: every session has come back.
  ~ConnectionPool();
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;

  // A session that goes back to the pool when it is destroyed, unless it was lost. Its settings are
  // those of a new session: they are put back when the borrower did anything but Query.
  // `options`: how long connecting may take, when a new one has to be opened; all of the pool are
  // called "lockstep/reads", and their answers have the pool's deadline. Throws Error kBusy when
  // none was free in time, and what opening one throws.
  OpenedSession Borrow(const SessionOptions& options);
  // The same as what runs and commands are given. Outlived by the pool.
  SessionFactory factory();

  // Closes what is idle, and what is lent as soon as it comes back: after the target's URL or
  // password has changed.
  void CloseIdle();
  // Closes what has been idle for too long; called now and then.
  void Tidy();
  PoolFigures figures() const;

 private:
  struct Kept {
    OpenedSession opened;
    int generation = 0;
    SteadyTime idle_since{};
  };
  class Borrowed;  // the decorator that gives its session back

  // A place among `size`, waited for in turn, and with it the session that was used last; nothing
  // when none is idle.
  std::optional<Kept> TakePlace();
  bool WaitForPlace(std::unique_lock<std::mutex>& lock);
  bool HasPlace() const { return figures_.busy < limits_.size; }  // with mutex_ held
  void GivePlaceBack();
  bool IsGood(const Kept& kept) const;
  Kept Open(const SessionOptions& options);
  void Return(Kept&& kept);

  const SessionFactory open_;
  const PoolLimits limits_;
  Clock& clock_;
  const std::function<void(double)> on_wait_;

  mutable std::mutex mutex_;
  std::condition_variable place_is_free_;
  // All guarded by mutex_.
  std::vector<Kept> idle_;  // the one that was used last at the end
  std::list<int> waiting_;  // who asked first is at the front
  PoolFigures figures_;     // but for `idle` and `pending_requests`
  int generation_ = 0;      // of CloseIdle; what is older is not kept
};

}  // namespace lockstep
