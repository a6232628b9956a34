// The run's second pair of eyes: a thread with a short read-only session of its own that tells how
// far a statement has come and carries out requests to stop.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/stop.h"
#include "engine/run_observer.h"
#include "postgres/session.h"

namespace lockstep {

// What may be done to the statement that runs now.
enum class WatchedKind {
  kTransaction,  // may be cancelled as soon as it only waits for a lock
  kStatement,    // outside a transaction: cancelled only when asked to stop now
};

// Opens its session only when a statement takes longer than a moment, so that a quick run costs the
// database one connection. Holds no snapshot between its queries: an index build would wait for it.
// Thread: run, but for its own.
class RunWatcher {
 public:
  // `watched` is borrowed and outlives this.
  RunWatcher(SessionFactory open, Session& watched, Clock& clock, RunObserver& observer,
             StopTokens stop);
  ~RunWatcher();
  RunWatcher(const RunWatcher&) = delete;
  RunWatcher& operator=(const RunWatcher&) = delete;

  void Begin(WatchedKind kind);
  void End();
  // Who blocked the watched session when it was last seen waiting; one sentence each.
  std::vector<std::string> Blockers() const;

 private:
  void Watch(std::stop_token end);
  void Sleep(std::stop_token end);
  void Look();
  void CancelIfWaiting();
  void TellProgress();
  void NoteBlockers();
  Session& Own();

  SessionFactory open_;
  std::shared_ptr<Canceller> canceller_;
  int watched_pid_;
  Clock& clock_;
  RunObserver& observer_;
  StopTokens stop_;
  std::unique_ptr<Session> own_;  // of the watcher's thread

  mutable std::mutex mutex_;
  bool running_ = false;                          // guarded by mutex_
  int ticks_ = 0;                                 // guarded by mutex_: since Begin
  WatchedKind kind_ = WatchedKind::kTransaction;  // guarded by mutex_
  std::vector<std::string> blockers_;             // guarded by mutex_
  std::jthread thread_;                           // last: it uses all of the above
};

}  // namespace lockstep
