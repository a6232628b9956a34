// What a run tells as it happens: to the terminal, the log, the metrics, the status.
#pragma once

#include <string>
#include <vector>

#include "core/blocker.h"
#include "core/outcome.h"
#include "core/plan.h"
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

// Every call is made by the run's thread or its observer's; none of them may wait. The default does
// nothing, so that a listener overrides what it needs.
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  virtual void OnDiagnostics(const Diagnostics&) {}
  virtual void OnWaitingForMigrationLock(const LockHolder&, double /*waited_seconds*/) {}
  virtual void OnMigrationLock(double /*waited_seconds*/) {}
  virtual void OnPlan(const Plan&) {}
  virtual void OnBackup(const std::string& /*path*/, long long /*bytes*/) {}
  virtual void OnStepBegin(const Step&, std::size_t /*index*/, std::size_t /*count*/) {}
  // Before a statement of its own message; in a transactional step once, for all of them.
  virtual void OnStatement(const Step&, std::size_t /*ordinal*/, std::size_t /*count*/,
                           const std::string& /*kind*/) {}
  virtual void OnStatementProgress(const StatementProgress&) {}
  // Asking for the step's table locks now would make the application wait: it is looked again.
  virtual void OnBlocked(const Step&, const std::vector<Blocker>&) {}
  // An attempt lost the race for a table lock; the next one comes after the pause.
  virtual void OnRetry(const Step&, const SqlError&, double /*pause_seconds*/) {}
  virtual void OnStepEnd(const Step&, const StepReport&) {}
  virtual void OnNotice(const Notice&) {}
  // The connection was lost; a new one is tried.
  virtual void OnReconnect(const std::string& /*why*/) {}
  // A sentence for the operator that fits no other event.
  virtual void OnMessage(const std::string&) {}
  virtual void OnRunEnd(const RunReport&) {}
};

}  // namespace lockstep
