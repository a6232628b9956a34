// A run's events as JSON objects: what the agent writes line by line, and the command line reads
// back into the same progress that a run of its own would show. docs/api.md lists them.
#pragma once

#include <functional>

#include "base/clock.h"
#include "base/json.h"
#include "engine/run_observer.h"

namespace lockstep {

// Turns each call into an object: {"event": "step_begin", "at": "2026-11-22T18:20:38.123Z", ...}.
// No script is told, and of other sessions' queries no password. Thread: any; `write` is called by
// whoever calls.
class RunEventWriter : public RunObserver {
 public:
  RunEventWriter(const Clock& clock, std::function<void(json::object)> write);

  void OnDiagnostics(const Diagnostics& diagnostics) override;
  void OnWaitingForMigrationLock(const LockHolder& holder, double waited_seconds) override;
  void OnMigrationLock(double waited_seconds) override;
  void OnPlan(const Plan& plan) override;
  void OnBackup(const std::string& path, long long bytes) override;
  void OnStepBegin(const Step& step, std::size_t index, std::size_t count) override;
  void OnStatement(const Step& step, std::size_t ordinal, std::size_t count,
                   const std::string& kind) override;
  void OnStatementProgress(const StatementProgress& progress) override;
  void OnBlocked(const Step& step, const std::vector<Blocker>& blockers) override;
  void OnRetry(const Step& step, const SqlError& error, double pause_seconds) override;
  void OnStepEnd(const Step& step, const StepReport& report) override;
  void OnNotice(const Notice& notice) override;
  void OnReconnect(const std::string& why) override;
  void OnMessage(const std::string& sentence) override;
  // The state alone: the document of the whole run is its caller's to send.
  void OnRunEnd(const RunReport& report) override;

 private:
  void Write(std::string_view event, json::object&& facts);

  const Clock& clock_;
  const std::function<void(json::object)> write_;
};

// Calls the method of `observer` that `event` was made from, with as much of what it was called
// with as the event tells: writing that again gives the same object. What cannot be understood is
// passed over, since a newer agent may tell more, and whatever stands at the other end; nothing is
// thrown for it.
void ReplayRunEvent(const json::object& event, RunObserver& observer);

}  // namespace lockstep
