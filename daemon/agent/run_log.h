// Writes a run into the log, event by event.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "base/log.h"
#include "engine/run_observer.h"

namespace lockstep {

// Thread: any; what it is told comes from the run's thread and its watcher's.
class RunLog : public RunObserver {
 public:
  RunLog(std::string target, std::string run_id);

  void OnDiagnostics(const Diagnostics& diagnostics) override;
  void OnWaitingForMigrationLock(const LockHolder& holder, double waited_seconds) override;
  void OnMigrationLock(double waited_seconds) override;
  void OnBackup(const std::string& path, long long bytes) override;
  void OnStepBegin(const Step& step, std::size_t index, std::size_t count) override;
  void OnStatement(const Step& step, std::size_t ordinal, std::size_t count,
                   const std::string& kind) override;
  void OnBlocked(const Step& step, const std::vector<Blocker>& blockers) override;
  void OnRetry(const Step& step, const SqlError& error, double pause_seconds) override;
  void OnStepEnd(const Step& step, const StepReport& report) override;
  void OnNotice(const Notice& notice) override;
  void OnReconnect(const std::string& why) override;
  void OnFailover(const Failover& failover) override;
  void OnMessage(const std::string& sentence) override;

 private:
  // `fields` after those that every line of this run has.
  void Write(const EventKind& kind, const std::string& message, LogFields fields = {}) const;
  // A wait is told when it begins, and again when it is for somebody else.
  bool IsNews(const std::string& what, const std::string& text);

  std::string target_;
  std::string run_id_;
  std::mutex mutex_;
  std::map<std::string, std::string> last_;  // guarded by mutex_
};

}  // namespace lockstep
