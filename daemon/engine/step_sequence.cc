#include "engine/step_sequence.h"

#include <utility>

#include "base/error.h"
#include "base/fail_point.h"
#include "base/uuid.h"
#include "engine/statement_step.h"
#include "engine/transactional_step.h"
#include "postgres/sql_state.h"

namespace lockstep {
namespace {

bool StandsBetweenMigrations(const HookSettings& hooks) {
  return hooks.commands.contains(HookPoint::kBeforeMigration) ||
         hooks.commands.contains(HookPoint::kAfterMigration);
}

RunState StateAfter(const StepResult& result) {
  if (std::holds_alternative<Applied>(result)) return RunState::kDone;
  if (std::holds_alternative<Failed>(result)) return RunState::kFailed;
  if (std::holds_alternative<Deferred>(result)) return RunState::kDeferred;
  if (std::holds_alternative<Unknown>(result)) return RunState::kUnknown;
  return RunState::kStopped;
}

// Of a commit that goes alone because a stop was asked for: a lost race changed nothing, and is not
// tried again.
StepResult ResultOfCommit(const PreparedStep& prepared, const CommitReply& reply) {
  if (reply.outcome == CommitOutcome::kCommitted) return Applied{};
  SqlFailure failure = FailureOfCommit(prepared, reply);
  if (sql_state::IsWorthRetrying(failure.error.sqlstate)) return Stopped{};
  return Failed{std::move(failure)};
}

}  // namespace

StepSequence::StepSequence(const StepContext& context, const std::vector<PreparedStep>& steps,
                           const History& history, RunRecord& record, ServerMemory& memory,
                           RunReport& report)
    : context_(context),
      steps_(steps),
      history_(history),
      record_(record),
      memory_(memory),
      report_(report),
      hooked_(StandsBetweenMigrations(context.settings.hooks)) {}

RunState StepSequence::Run() {
  while (next_ < steps_.size()) {
    if (context_.stop.after_current.stop_requested()) {
      const RunState state = worked_ ? CommitWorked() : RunState::kDone;
      return state == RunState::kDone ? StopBefore(next_) : state;
    }
    if (const auto state = RunNext()) return *state;
  }
  return RunState::kDone;
}

// The end of the run, if this step is it.
std::optional<RunState> StepSequence::RunNext() {
  const std::size_t index = next_;
  if (!worked_) {
    if (const auto problem = Begin(index)) {
      report_.message = *problem;
      NotRun(index);
      return RunState::kFailed;
    }
  }
  std::string attempt = NewUuid();
  std::optional<StepReport> report = RunStep(index, attempt);
  if (!report) {
    RunAgain();
    return {};
  }
  if (worked_) {
    // Stopped before it was sent.
    const RunState state = CommitWorked();
    if (state != RunState::kDone) return state;
    Begin(index);
  }
  Worked worked{index, std::move(attempt), std::move(*report)};
  ++next_;
  if (carried_.waits()) {
    worked_ = std::move(worked);
    return {};
  }
  const RunState state = End(worked);
  if (state == RunState::kDone) return {};
  return state;
}

// Once for each. A sentence when a hook forbids it.
std::optional<std::string> StepSequence::Begin(std::size_t index) {
  if (index < begun_) return {};
  const Step& step = steps_[index].step;
  if (auto problem = record_.BeforeStep(step)) return problem;
  context_.observer.OnStepBegin(step, index, steps_.size());
  begun_ = index + 1;
  return {};
}

// Nothing when it has to be run again, and the one before as well.
std::optional<StepReport> StepSequence::RunStep(std::size_t index, const std::string& attempt) {
  doubt_.reset();
  try {
    return TryStep(index, attempt);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kInDoubt) {
      doubt_ = worked_ ? Doubt{steps_[worked_->index].step, worked_->attempt}
                       : Doubt{steps_[index].step, attempt};
    }
    throw;
  }
}

std::optional<StepReport> StepSequence::TryStep(std::size_t index, const std::string& attempt) {
  const PreparedStep& prepared = steps_[index];
  if (!prepared.step.script.transactional) {
    return RunStatementStep(
        context_, prepared, attempt,
        history_.ProgressOf(prepared.step.revision, NameOf(prepared.step.direction)));
  }
  return RunTransactionalStep(
      context_, prepared, attempt,
      {.carried = carried_, .leave = MayLeaveCommit(index), .on_carried = [this, index] {
         End(*std::exchange(worked_, std::nullopt));
         Begin(index);
       }});
}

bool StepSequence::MayLeaveCommit(std::size_t index) const {
  return !hooked_ && index >= shares_ && index + 1 < steps_.size() &&
         MayShareRoundTrip(steps_[index]) && MayShareRoundTrip(steps_[index + 1]);
}

// PostgreSQL refused the commit, or what stood behind it: alone each of them tells its own fault.
void StepSequence::RunAgain() {
  next_ = std::exchange(worked_, std::nullopt)->index;
  shares_ = next_ + 2;
}

RunState StepSequence::CommitWorked() {
  Worked& worked = *worked_;
  doubt_ = Doubt{steps_[worked.index].step, worked.attempt};
  FailPoint("commit_sent");
  const CommitReply reply = carried_.GoAlone(context_.session);
  FailPoint("commit_acked");
  doubt_.reset();
  worked.report.result = ResultOfCommit(steps_[worked.index], reply);
  next_ = worked.index + 1;
  return End(*std::exchange(worked_, std::nullopt));
}

RunState StepSequence::End(const Worked& worked) {
  const PreparedStep& prepared = steps_[worked.index];
  const StepReport& report = worked.report;
  const RunState state = StateAfter(report.result);
  if (state == RunState::kDone) {
    report_.heads = prepared.step.heads_after;
    memory_.OnCommit(prepared.step.revision);
  } else {
    record_.Failed(context_, prepared.step, report, worked.attempt);
  }
  if (state != RunState::kStopped) report_.steps.push_back(report);
  context_.observer.OnStepEnd(prepared.step, report);
  record_.AfterStep(prepared.step, report);
  if (state != RunState::kDone) NotRun(worked.index + (state == RunState::kStopped ? 0 : 1));
  return state;
}

RunState StepSequence::StopBefore(std::size_t index) {
  NotRun(index);
  return RunState::kStopped;
}

void StepSequence::NotRun(std::size_t from) {
  for (std::size_t i = from; i < steps_.size(); ++i) {
    report_.not_run.push_back(steps_[i].step.revision);
  }
}

}  // namespace lockstep
