// Tells several listeners of one run: log, metrics, status, events.
#pragma once

#include <utility>
#include <vector>

#include "engine/run_observer.h"

namespace lockstep {

// Calls each in the order in which they are given. Borrows them. A test holds it against the list
// of events. Thread: as the listeners.
class RunObservers : public RunObserver {
 public:
  explicit RunObservers(std::vector<RunObserver*> observers) : observers_(std::move(observers)) {}

  void OnDiagnostics(const Diagnostics& diagnostics) override {
    for (RunObserver* each : observers_) each->OnDiagnostics(diagnostics);
  }
  void OnWaitingForMigrationLock(const LockHolder& holder, double waited_seconds) override {
    for (RunObserver* each : observers_) each->OnWaitingForMigrationLock(holder, waited_seconds);
  }
  void OnMigrationLock(double waited_seconds) override {
    for (RunObserver* each : observers_) each->OnMigrationLock(waited_seconds);
  }
  void OnMigrationLockMissed(LockMiss miss, double waited_seconds) override {
    for (RunObserver* each : observers_) each->OnMigrationLockMissed(miss, waited_seconds);
  }
  void OnPlan(const Plan& plan) override {
    for (RunObserver* each : observers_) each->OnPlan(plan);
  }
  void OnBackup(const std::string& path, long long bytes) override {
    for (RunObserver* each : observers_) each->OnBackup(path, bytes);
  }
  void OnBackupFailed(const Error& error) override {
    for (RunObserver* each : observers_) each->OnBackupFailed(error);
  }
  void OnHook(const HookResult& result) override {
    for (RunObserver* each : observers_) each->OnHook(result);
  }
  void OnStepBegin(const Step& step, std::size_t index, std::size_t count) override {
    for (RunObserver* each : observers_) each->OnStepBegin(step, index, count);
  }
  void OnStatement(const Step& step, std::size_t ordinal, std::size_t count,
                   const std::string& kind) override {
    for (RunObserver* each : observers_) each->OnStatement(step, ordinal, count, kind);
  }
  void OnStatementProgress(const StatementProgress& progress) override {
    for (RunObserver* each : observers_) each->OnStatementProgress(progress);
  }
  void OnBlocked(const Step& step, const std::vector<Blocker>& blockers) override {
    for (RunObserver* each : observers_) each->OnBlocked(step, blockers);
  }
  void OnVictims(int victims, double longest_wait_seconds) override {
    for (RunObserver* each : observers_) each->OnVictims(victims, longest_wait_seconds);
  }
  void OnAttempt(const Step& step, const AttemptReport& report) override {
    for (RunObserver* each : observers_) each->OnAttempt(step, report);
  }
  void OnRetry(const Step& step, const SqlError& error, double pause_seconds) override {
    for (RunObserver* each : observers_) each->OnRetry(step, error, pause_seconds);
  }
  void OnStepEnd(const Step& step, const StepReport& report) override {
    for (RunObserver* each : observers_) each->OnStepEnd(step, report);
  }
  void OnNotice(const Notice& notice) override {
    for (RunObserver* each : observers_) each->OnNotice(notice);
  }
  void OnSessionLost(const Error& error) override {
    for (RunObserver* each : observers_) each->OnSessionLost(error);
  }
  void OnReconnect(const std::string& why) override {
    for (RunObserver* each : observers_) each->OnReconnect(why);
  }
  void OnFailover(const Failover& failover) override {
    for (RunObserver* each : observers_) each->OnFailover(failover);
  }
  void OnMessage(const std::string& text) override {
    for (RunObserver* each : observers_) each->OnMessage(text);
  }
  void OnRunEnd(const RunReport& report) override {
    for (RunObserver* each : observers_) each->OnRunEnd(report);
  }
  void OnRunError(const Error& error) override {
    for (RunObserver* each : observers_) each->OnRunError(error);
  }

 private:
  std::vector<RunObserver*> observers_;
};

}  // namespace lockstep
