// Runs the steps of a plan in their order and tells of each, to the observer, the history of failed
// attempts, the hooks and the report.
//
//   step:    begin -> work -> commit -> end         the commit of a brief step goes with the work
//   step:                     begin -> work -> ...  of the next: together they are one round trip
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/history.h"
#include "core/outcome.h"
#include "engine/carried_commit.h"
#include "engine/prepared_step.h"
#include "engine/run_record.h"
#include "engine/server_memory.h"

namespace lockstep {

// A step whose commit got no answer.
struct Doubt {
  Step step;
  std::string attempt;  // the UUID under which the history has it, if it was committed
};

// Thread: run.
class StepSequence {
 public:
  // `steps` and everything else are borrowed; `report` and `memory` are told what was committed.
  StepSequence(const StepContext& context, const std::vector<PreparedStep>& steps,
               const History& history, RunRecord& record, ServerMemory& memory, RunReport& report);

  // Throws as the steps do; with Error kInDoubt there is a doubt().
  RunState Run();
  const std::optional<Doubt>& doubt() const { return doubt_; }

 private:
  // The work of a step that is not committed yet.
  struct Worked {
    std::size_t index = 0;
    std::string attempt;
    StepReport report;
  };

  std::optional<RunState> RunNext();
  std::optional<std::string> Begin(std::size_t index);
  std::optional<StepReport> RunStep(std::size_t index, const std::string& attempt);
  std::optional<StepReport> TryStep(std::size_t index, const std::string& attempt);
  bool MayLeaveCommit(std::size_t index) const;
  void RunAgain();
  RunState CommitWorked();
  RunState End(const Worked& worked);
  RunState StopBefore(std::size_t index);
  void NotRun(std::size_t from);

  const StepContext& context_;
  const std::vector<PreparedStep>& steps_;
  const History& history_;
  RunRecord& record_;
  ServerMemory& memory_;
  RunReport& report_;
  bool hooked_;             // a hook stands between two migrations
  std::size_t next_ = 0;    // of `steps_`
  std::size_t begun_ = 0;   // so many were told to the observer
  std::size_t shares_ = 0;  // from this one on commits may be carried
  CarriedCommit carried_;
  std::optional<Worked> worked_;  // its commit waits in carried_
  std::optional<Doubt> doubt_;
};

}  // namespace lockstep
