// One target's thread: takes the mail, steps the reconciler, runs what it decides.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>

#include "agent/inbox.h"
#include "agent/metrics.h"
#include "agent/reconciler.h"
#include "agent/run_journal.h"
#include "agent/status_board.h"
#include "agent/target_database.h"

namespace lockstep {

struct WorkerTools {
  Clock& clock;
  RunJournal& journal;
  Metrics& metrics;
  std::function<void()> on_change;  // of the status; called by any thread, must not wait
};

// Thread: any, but for what the port does.
class TargetWorker : private TargetPort {
 public:
  TargetWorker(std::shared_ptr<const TargetSettings> settings, const WorkerTools& tools);
  // Waits for the run that is under way; who is in a hurry asks the journal to stop it first.
  ~TargetWorker() override;
  TargetWorker(const TargetWorker&) = delete;
  TargetWorker& operator=(const TargetWorker&) = delete;

  std::shared_ptr<const TargetStatus> status() const { return board_.Read(); }

  void Trigger(RunSource source);
  void Wake();     // the journal has something for it
  void Refresh();  // somebody waits for a fresh picture
  void OnFolderChange();
  void Pause(bool pause);
  void UseFromNowOn(std::shared_ptr<const TargetSettings> settings);
  // No new run; the thread ends when the one under way has.
  void RequestEnd();
  bool has_ended() const { return ended_; }

 private:
  void Work();
  Tick StepOrSay(const Mail& mail);
  Tick SayBug(const std::string& what);
  void EndQueuedRun();
  void OnStatus();
  void Tell();
  void TellSight(const TargetStatus& now);

  // TargetPort; on the worker's own thread.
  void Use(std::shared_ptr<const TargetSettings> settings) override;
  std::shared_ptr<const DatabaseSight> Look(
      const std::shared_ptr<const MigrationFolder>& folder) override;
  CommandAnswer Run(const JournaledRun& run, const MigrationFolder& folder,
                    const std::shared_ptr<StopSource>& stop) override;
  void RequireReadiness() override;
  void OnTrigger(RunSource source) override;
  bool ForbidsToBegin() const override { return inbox_.ForbidsToBegin(); }

  WorkerTools tools_;
  std::string name_;
  TargetMetrics& metrics_;
  std::shared_ptr<const TargetSettings> settings_;
  TargetDatabase database_;
  StatusBoard board_;
  TargetStatus told_;  // to the log; the worker's own thread
  Inbox inbox_;
  std::mt19937_64 random_;
  Reconciler reconciler_;
  bool has_run_ = false;  // since the last step; of the worker's own thread
  std::atomic<bool> ended_ = false;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace lockstep
