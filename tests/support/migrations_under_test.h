// A folder in memory, a database, and runs of the one on the other.
#pragma once

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "core/migration_folder.h"
#include "engine/run_observers.h"
#include "engine/runner.h"
#include "postgres/history_table.h"
#include "support/map_file_tree.h"
#include "support/test_database.h"

namespace lockstep {

// Keeps what a run told.
class RecordingObserver : public RunObserver {
 public:
  void OnRetry(const Step& step, const SqlError& error, double) override {
    events.push_back("retry " + step.revision + ' ' + error.sqlstate);
    if (on_retry) on_retry();
  }
  void OnBlocked(const Step& step, const std::vector<Blocker>& seen) override {
    events.push_back("blocked " + step.revision);
    blockers = seen;
    if (on_blocked) on_blocked();
  }
  void OnStatementProgress(const StatementProgress& now) override {
    progress = now;
    if (on_progress) on_progress();
  }
  void OnStepBegin(const Step& step, std::size_t, std::size_t) override {
    events.push_back("begin " + step.revision);
    if (on_step_begin) on_step_begin();
  }
  void OnAttempt(const Step&, const AttemptReport&) override {
    if (on_attempt) on_attempt();
  }
  void OnStepEnd(const Step& step, const StepReport&) override {
    events.push_back("end " + step.revision);
    if (on_step_end) on_step_end();
  }
  void OnReconnect(const std::string&) override { events.emplace_back("reconnect"); }
  void OnWaitingForMigrationLock(const LockHolder& holder, double) override {
    waited_for_pid = holder.pid;
    if (on_waiting) on_waiting();
  }
  void OnNotice(const Notice&) override {
    if (on_notice) on_notice();
  }
  void OnMessage(const std::string& message) override { events.push_back(message); }

  std::vector<std::string> events;
  int waited_for_pid = 0;
  std::vector<Blocker> blockers;  // of the last look that found any
  std::function<void()> on_retry, on_blocked, on_step_begin, on_attempt, on_step_end, on_waiting,
      on_notice;
  std::function<void()> on_progress;  // in the watcher's thread
  StatementProgress progress;         // the same
};

// What stood in a run's way; empty when nothing did.
inline std::string ProblemOf(const RunReport& report) {
  if (!report.diagnostics.empty()) return ToText(report.diagnostics.front());
  if (report.steps.empty()) return report.message;
  const auto* failed = std::get_if<Failed>(&report.steps.back().result);
  return failed == nullptr ? "" : failed->failure.error.message;
}

// Thread: the test's.
class MigrationsUnderTest {
 public:
  // A pair with the file name's revision, on the runner's defaults.
  void Add(const std::string& stem, const std::string& up, const std::string& down = "select 1;") {
    files.PutPair(stem, up, down);
  }

  RunReport Run(Direction direction, const std::string& goal) {
    const MigrationFolder folder = MigrationFolder::Load(files);
    if (!folder.ok()) throw std::runtime_error(ToText(folder.diagnostics().front()));
    std::vector<RunObserver*> told = also_told;
    told.push_back(&observer);
    RunObservers observers(told);
    const RunContext context{.folder = folder,
                             .settings = settings,
                             .open = open ? open : database.factory(),
                             .url = database.url(),
                             .clock = clock,
                             .observer = observers,
                             .stop = stop.tokens(),
                             .random = random};
    return lockstep::Run(context, {direction, std::get<Goal>(ParseGoal(goal))});
  }
  RunReport Upgrade(const std::string& goal = "head") { return Run(Direction::kUp, goal); }
  RunReport Downgrade(const std::string& goal) { return Run(Direction::kDown, goal); }

  History ReadHistory() const { return ReadLook(*database.Open().session, settings.names).history; }

  TestDatabase database;
  MapFileTree files;
  RunSettings settings;
  SystemClock clock;
  RecordingObserver observer;
  std::vector<RunObserver*> also_told;  // before `observer`
  StopSource stop;
  SessionFactory open;  // empty: the database's own
  std::mt19937_64 random{20251120};
};

}  // namespace lockstep
