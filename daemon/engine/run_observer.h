// What a run tells as it happens: to the terminal, the log, the metrics, the status.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "core/blocker.h"
#include "core/outcome.h"
#include "core/plan.h"
#include "engine/attempt_report.h"
#include "engine/hooks.h"
#include "engine/server_memory.h"
#include "postgres/advisory_lock.h"
#include "postgres/session.h"

namespace lockstep {

// How far a statement has come, where the server tells.
struct StatementProgress {
  std::string phase;     // "building index: scanning table"
  double fraction = -1;  // 0 to 1; -1: not known
  int blocker_pid = 0;   // the session it waits for; 0: none
  std::string blocker;   // in words
};

// Why the migration lock was not had.
enum class LockMiss {
  kBusy,       // somebody else held it for as long as we may wait
  kNotNeeded,  // its holder has done what we wanted to do
  kStopped,
};

std::string_view NameOf(LockMiss miss);  // "not_needed"

// Every call is made by the run's thread or its observer's; none of them may wait. The default does
// nothing, so that a listener overrides what it needs.
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  virtual void OnDiagnostics(const Diagnostics&) {}
  virtual void OnWaitingForMigrationLock(const LockHolder&, double /*waited_seconds*/) {}
  virtual void OnMigrationLock(double /*waited_seconds*/) {}
  virtual void OnMigrationLockMissed(LockMiss, double /*waited_seconds*/) {}
  virtual void OnPlan(const Plan&) {}
  virtual void OnBackup(const std::string& /*path*/, long long /*bytes*/) {}
  // The run ends, nothing was changed.
  virtual void OnBackupFailed(const Error&) {}
  // One that is configured has run, or could not be started.
  virtual void OnHook(const HookResult&) {}
  virtual void OnStepBegin(const Step&, std::size_t /*index*/, std::size_t /*count*/) {}
  // Before a statement of its own message; in a transactional step once, for all of them.
  virtual void OnStatement(const Step&, std::size_t /*ordinal*/, std::size_t /*count*/,
                           const std::string& /*kind*/) {}
  virtual void OnStatementProgress(const StatementProgress&) {}
  // Asking for the step's table locks now would make the application wait: it is looked again.
  virtual void OnBlocked(const Step&, const std::vector<Blocker>&) {}
  // Sessions that wait for what the run holds or asks for: while there are any, and once when there
  // are none any more. The end of the attempt is the end of all of them, and is not told again.
  virtual void OnVictims(int /*victims*/, double /*longest_wait_seconds*/) {}
  // After each attempt, whatever became of it; before OnRetry.
  virtual void OnAttempt(const Step&, const AttemptReport&) {}
  // An attempt lost the race for a table lock; the next one comes after the pause.
  virtual void OnRetry(const Step&, const SqlError&, double /*pause_seconds*/) {}
  virtual void OnStepEnd(const Step&, const StepReport&) {}
  virtual void OnNotice(const Notice&) {}
  // The session broke, or another run has taken over; before OnReconnect. An error after which
  // nothing is tried again is thrown instead.
  virtual void OnSessionLost(const Error&) {}
  // The connection was lost; a new one is tried.
  virtual void OnReconnect(const std::string& /*why*/) {}
  // The database is served by another server than before.
  virtual void OnFailover(const Failover& failover) { OnMessage(ToText(failover)); }
  // A sentence for the operator that fits no other event.
  virtual void OnMessage(const std::string&) {}
  virtual void OnRunEnd(const RunReport&) {}
  // In its place, when the world broke: the run throws this error.
  virtual void OnRunError(const Error&) {}
};

}  // namespace lockstep
