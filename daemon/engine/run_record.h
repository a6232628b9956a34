// What surrounds a run's work: hooks, the backup, and the attempts that are remembered.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/backup.h"
#include "engine/prepared_step.h"
#include "engine/runner.h"

namespace lockstep {

// Thread: run.
class RunRecord {
 public:
  // `session` has the migration lock.
  RunRecord(const RunContext& context, Session& session, Direction direction, std::string database);

  // The `before_run` hook and the backup; a sentence when one of them stops the run.
  std::optional<std::string> BeforeRun(const std::vector<std::string>& heads);
  std::optional<std::string> BeforeStep(const Step& step);
  void AfterStep(const Step& step, const StepReport& report);
  void AfterRun(const RunReport& report, RunState state);

  // Remembers an attempt that changed nothing.
  void Failed(const StepContext& step_context, const Step& step, const StepReport& report,
              const std::string& attempt);

  const BackupResult& backup() const { return backup_; }

 private:
  // A failing "before" stops; a failing "after" is told and no more.
  std::optional<std::string> Hook(HookPoint point, json::object facts);

  const RunContext& context_;
  Session& session_;
  Direction direction_;
  std::string database_;
  BackupResult backup_;
};

}  // namespace lockstep
