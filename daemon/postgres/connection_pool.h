// A few sessions that are kept open for short questions: the status, the history, a run's lookout.
//
// Bounded: who finds none free waits, for a while. No session of the pool ever changes anything.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/clock.h"
#include "postgres/session.h"

namespace lockstep {

struct PoolLimits {
  int size = 2;
  Duration wait = std::chrono::seconds(5);          // for a free session
  Duration check_after = std::chrono::seconds(30);  // idle for so long: asked whether it lives
  Duration close_after = std::chrono::minutes(2);   // idle for so long, and not the last: closed
};

struct PoolFigures {
  int idle = 0;
  int busy = 0;
  int most = 0;
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
  // those of a new session. Throws Error kBusy when none was free in time, and what opening one
  // throws.
  OpenedSession Borrow(const SessionOptions& options);
  // The same as what runs and commands are given. Outlived by the pool.
  SessionFactory factory();

  // Closes what is idle: after the target's URL or password has changed.
  void CloseIdle();
  // Closes what has been idle for too long; called now and then.
  void Tidy();
  PoolFigures figures() const;

 private:
  // ...
};

}  // namespace lockstep
