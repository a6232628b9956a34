// Turns what a run tells into what its target's status shows.
#pragma once

#include <string>

#include "agent/run_journal.h"
#include "agent/status_board.h"
#include "engine/run_observer.h"

namespace lockstep {

// Thread: any; what it is told comes from the run's thread and its watcher's.
class RunProgressListener : public RunObserver {
 public:
  RunProgressListener(std::string run_id, StatusBoard& board, RunJournal& journal,
                      const Clock& clock);

  void OnWaitingForMigrationLock(const LockHolder& holder, double waited_seconds) override;
  void OnMigrationLock(double waited_seconds) override;
  void OnStepBegin(const Step& step, std::size_t index, std::size_t count) override;
  void OnStatement(const Step& step, std::size_t ordinal, std::size_t count,
                   const std::string& kind) override;
  void OnStatementProgress(const StatementProgress& progress) override;
  void OnBlocked(const Step& step, const std::vector<Blocker>& blockers) override;
  void OnStepEnd(const Step& step, const StepReport& report) override;

 private:
  template <typename Change>
  void Update(Change change);

  std::string run_id_;
  StatusBoard& board_;
  RunJournal& journal_;
  const Clock& clock_;
};

}  // namespace lockstep
