// The run's second pair of eyes: a thread that, beside the statement that runs, ends it before the
// application notices it, tells how far it has come, and carries out requests to stop.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/stop.h"
#include "core/blocker_query.h"
#include "engine/circuit_breaker.h"
#include "engine/lookout.h"
#include "engine/run_observer.h"
#include "postgres/backend_control.h"

namespace lockstep {

// What may be done to the statement that runs now.
enum class WatchedKind {
  kTransaction,  // may be cancelled as soon as it only waits for a lock
  kStatement,    // outside a transaction: cancelled only when asked to stop now
};

struct WatchOrder {
  WatchedKind kind = WatchedKind::kTransaction;
  std::optional<CircuitBreaker> breaker;  // for statements that others may come to wait for
  std::optional<EndingRule> ending;       // sessions that block it may be ended
};

// What was seen and done between Begin and End.
struct Sighting {
  std::vector<Blocker> blockers;      // when it was last seen waiting
  Strain worst;                       // what the breaker saw
  std::optional<BreakCause> broken;   // the breaker cancelled it
  bool cancelled_on_request = false;  // a request to stop did
};

// What the watcher works with; borrowed, and outliving it.
struct WatcherTools {
  Session& watched;
  Lookout& lookout;
  Clock& clock;
  RunObserver& observer;
  QueryDisclosure blocker_query;
};

// Asks nothing of the database in the first half second of a statement, unless a breaker is set.
// Thread: run, but for its own.
class RunWatcher {
 public:
  RunWatcher(const WatcherTools& tools, StopTokens stop);
  ~RunWatcher();
  RunWatcher(const RunWatcher&) = delete;
  RunWatcher& operator=(const RunWatcher&) = delete;

  void Begin(WatchOrder order);
  Sighting End();
  // False once the server has refused to end a session that the rule names.
  bool may_end() const { return may_end_; }

 private:
  void Watch(std::stop_token end);
  void Sleep(std::stop_token end);
  void Look();
  std::optional<WatchOrder> Order();
  template <typename Act>
  void WhileItRuns(Act act);
  bool IsTimeToReport();
  void CarryOutStop(const WatchOrder& order);
  void GuardOthers();
  void TellVictims(const Strain& strain);
  Strain CausedByIt(std::optional<Strain> strain) const;
  void EndBlockers(const EndingRule& rule);
  void TellProgress(const std::vector<Blocker>& blockers);
  std::vector<Blocker> NoteBlockers();
  bool IsWaiting();
  void Cancel();

  WatcherTools tools_;
  std::shared_ptr<Canceller> canceller_;
  int watched_pid_;
  StopTokens stop_;

  std::mutex mutex_;
  std::stop_source alarm_;           // guarded by mutex_: ends the sleep
  std::optional<WatchOrder> order_;  // guarded by mutex_: of the statement that runs
  long statement_ = 0;               // guarded by mutex_: counts them
  long looked_at_ = 0;               // guarded by mutex_: the one that the last look was about
  Sighting seen_;                    // guarded by mutex_
  bool victims_told_ = false;        // guarded by mutex_: there were some when last told
  SteadyTime next_report_;           // guarded by mutex_
  SteadyTime began_;                 // guarded by mutex_
  std::atomic<bool> may_end_ = true;
  std::set<int> cancelled_;  // of the watcher's thread: blockers that were cancelled
  std::jthread thread_;      // last: it uses all of the above
};

}  // namespace lockstep
