#include "agent/run_progress.h"

#include <utility>

namespace lockstep {

RunProgressListener::RunProgressListener(std::string run_id, StatusBoard& board,
                                         RunJournal& journal, const Clock& clock)
    : run_id_(std::move(run_id)), board_(board), journal_(journal), clock_(clock) {
  Update([](RunProgress&) {});
}

template <typename Change>
void RunProgressListener::Update(Change change) {
  board_.Update([&](TargetStatus& status) {
    if (!status.run) status.run = RunProgress{.run_id = run_id_};
    change(*status.run);
  });
}

void RunProgressListener::OnWaitingForMigrationLock(const LockHolder& holder, double) {
  Update([&](RunProgress& run) {
    run.leader = false;
    run.holder = ToText(holder);
  });
  journal_.SetPhase(run_id_, RunPhase::kWaiting);
}

void RunProgressListener::OnMigrationLock(double) {
  Update([](RunProgress& run) {
    run.leader = true;
    run.holder.clear();
  });
  journal_.SetPhase(run_id_, RunPhase::kRunning);
}

void RunProgressListener::OnStepBegin(const Step& step, std::size_t index, std::size_t count) {
  Update([&](RunProgress& run) {
    run.step = index + 1;
    run.steps = count;
    run.revision = step.revision;
    run.description = step.description;
    run.step_began_at = clock_.WallNow();
  });
}

void RunProgressListener::OnStatement(const Step& step, std::size_t, std::size_t,
                                      const std::string& kind) {
  Update([&](RunProgress& run) {
    run.statement = step.script.transactional ? "" : kind;
    run.phase.clear();
    run.fraction = -1;
    run.blockers.clear();
  });
}

void RunProgressListener::OnStatementProgress(const StatementProgress& progress) {
  Update([&](RunProgress& run) {
    run.phase = progress.blocker_pid != 0 ? "waiting for " + progress.blocker : progress.phase;
    run.fraction = progress.blocker_pid != 0 ? -1 : progress.fraction;
  });
}

void RunProgressListener::OnBlocked(const Step&, const std::vector<Blocker>& blockers) {
  Update([&](RunProgress& run) { run.blockers = blockers; });
}

void RunProgressListener::OnStepEnd(const Step&, const StepReport&) {
  Update([](RunProgress& run) {
    run.statement.clear();
    run.phase.clear();
    run.fraction = -1;
    run.blockers.clear();
  });
}

}  // namespace lockstep
