#include "engine/runner.h"

#include <algorithm>

#include "base/error.h"
#include "base/fail_point.h"
#include "base/mutant.h"
#include "engine/adoption.h"
#include "engine/backoff.h"
#include "engine/heartbeat.h"
#include "engine/migration_lock.h"
#include "engine/prepared_step.h"
#include "engine/run_record.h"
#include "engine/run_watcher.h"
#include "engine/step_locks.h"
#include "engine/step_sequence.h"
#include "postgres/history_table.h"
#include "postgres/require_writable.h"

namespace lockstep {
namespace {

constexpr Duration kFirstReconnect = std::chrono::milliseconds(200);
constexpr Duration kLongestReconnect = std::chrono::seconds(5);

// For a mutant, which does not look whether its commit arrived.
void Forget(const std::string& revision, History& history) {
  std::vector<HistoryEntry> others = history.entries();
  std::erase_if(others, [&](const HistoryEntry& entry) { return entry.revision == revision; });
  history = History(std::move(others), {}, {});
}

class Runner {
 public:
  Runner(const RunContext& context, const RunRequest& request)
      : context_(context),
        settings_(context.settings),
        request_(request),
        memory_(context.memory != nullptr ? *context.memory : own_memory_) {
    report_.direction = request.direction;
  }

  RunReport Run() {
    try {
      report_.state = RunUntilAnswered();
    } catch (const Error& error) {
      context_.observer.OnRunError(error);
      throw;
    }
    context_.observer.OnRunEnd(report_);
    return std::move(report_);
  }

 private:
  // A lost session means that leadership is lost: the next one starts from the beginning.
  RunState RunUntilAnswered() {
    Backoff backoff(kFirstReconnect, kLongestReconnect, context_.random);
    for (int lost = 0;; ++lost) {
      try {
        return RunInOneSession();
      } catch (const Error& error) {
        if (!MayTryAgain(error) || lost == settings_.reconnects) throw;
        context_.observer.OnSessionLost(error);
        context_.observer.OnReconnect(error.what());
      }
      if (!context_.clock.SleepFor(backoff.Next(), context_.stop.after_current)) {
        return RunState::kStopped;
      }
    }
  }

  // A database that was never reached is the caller's to report; one that went away may come back.
  bool MayTryAgain(const Error& error) const {
    if (context_.stop.after_current.stop_requested() || !connected_) return false;
    return error.retry() == Retry::kNewSession || error.retry() == Retry::kAfterLooking ||
           error.code() == ErrorCode::kUnreachable;
  }

  RunState RunInOneSession() {
    FirstLook first = OpenFirst();
    const OpenedSession& opened = first.opened;
    connected_ = true;
    FailPoint("connected");
    Session& session = *opened.session;
    session.OnNotice([this](const Notice& notice) { context_.observer.OnNotice(notice); });
    const Look look = first.look.valid() ? first.look.get() : LookAt(session);
    Meet(opened.facts, look.history);
    SettleDoubt(look.history);
    const std::optional<Plan> plan = PlanFrom(session, look);
    if (!plan) return RunState::kInvalid;
    if (plan->empty()) return NothingLeft(look.history);
    RequireWritable(session, opened.facts, context_.open);
    if (!Check(session, opened.facts, *plan)) return RunState::kInvalid;
    return RunUnderLock(session, opened.facts, plan->steps.back());
  }

  FirstLook OpenFirst() {
    if (context_.early != nullptr && !context_.early->taken()) return context_.early->Take();
    return {context_.open(RunSessionOptions(settings_, request_.direction)), {}};
  }

  Look LookAt(Session& session) const {
    Look look = ReadLook(session, settings_.names);
    if (Mutant("blind-retry") && doubtful_) Forget(doubtful_->step.revision, look.history);
    return look;
  }

  // What was applied and then lost in a failover is pending again, and no work of this run's.
  void Meet(const ServerFacts& facts, const History& history) {
    const std::optional<Failover> failover = memory_.Meet(facts, history);
    if (!failover) return;
    std::erase_if(report_.steps, [&](const StepReport& step) {
      return std::ranges::find(failover->lost, step.revision) != failover->lost.end();
    });
    context_.observer.OnFailover(*failover);
  }

  RunState NothingLeft(const History& history) {
    report_.heads = history.Heads();
    return report_.steps.empty() ? RunState::kNothingToDo : RunState::kDone;
  }

  std::optional<Plan> PlanFrom(Session& session, const Look& look) {
    if (auto refusal = FindUnadoptedAlembic(look, settings_.names)) {
      report_.diagnostics.push_back(*refusal);
      return {};
    }
    const auto stored = [&](const std::string& revision) {
      return ReadStoredDown(session, settings_.names, revision);
    };
    PlanResult result =
        request_.direction == Direction::kUp
            ? MakeUpgradePlan(context_.folder, look.history, request_.goal)
            : MakeDowngradePlan(context_.folder, look.history, request_.goal, stored);
    if (auto* errors = std::get_if<Diagnostics>(&result)) {
      report_.diagnostics = std::move(*errors);
      report_.heads = look.history.Heads();
      return {};
    }
    Plan& plan = std::get<Plan>(result);
    report_.ahead = plan.ahead;
    report_.diagnostics = plan.warnings;
    return std::move(plan);
  }

  // Before the lock and under it, and most often for the same plan: to read megabytes of SQL takes
  // a while.
  void PrepareFor(const Plan& plan) {
    if (std::ranges::equal(plan.steps, prepared_, {}, {}, &PreparedStep::step)) return;
    found_.clear();
    prepared_ = Prepare(plan, context_.folder, settings_, found_);
  }

  // Everything is parsed before anything runs, and what would keep others waiting for long is
  // refused, as far as the tables are there already.
  bool Check(Session& session, const ServerFacts& facts, const Plan& plan) {
    PrepareFor(plan);
    report_.diagnostics.insert(report_.diagnostics.end(), found_.begin(), found_.end());
    if (HasErrors(report_.diagnostics)) return false;
    for (Diagnostic& refused :
         RefuseLongSteps(session, BodyNamesOf(settings_, facts), settings_, prepared_)) {
      report_.diagnostics.push_back(std::move(refused));
    }
    return !HasErrors(report_.diagnostics);
  }

  // `last`: of the plan that is wanted. Who has the lock most often does the same work: until that
  // is done a whole look would only take the server's time from it.
  RunState RunUnderLock(Session& session, const ServerFacts& facts, const Step& last) {
    const auto still_needed = [&] {
      const bool up = last.direction == Direction::kUp;
      if (IsApplied(session, settings_.names, last.revision) != up) return true;
      const std::optional<Plan> plan = PlanFrom(session, LookAt(session));
      return !plan || !plan->empty();
    };
    const OpenedSession other =
        Mutant("separate-lock-connection") ? context_.open({.purpose = "lock"}) : OpenedSession{};
    Session& holder = other.session ? *other.session : session;
    LockResult result = AcquireMigrationLock(holder, settings_, context_.clock, context_.observer,
                                             context_.random, context_.stop, still_needed);
    if (std::holds_alternative<Stopped>(result)) return RunState::kStopped;
    if (auto* busy = std::get_if<LockBusy>(&result)) {
      report_.busy_holder = busy->holder;
      return RunState::kBusy;
    }
    // The plan that runs is made from what is seen now, with the lock held.
    const Look look = LookAt(session);
    const std::optional<Plan> plan = PlanFrom(session, look);
    if (!plan) return RunState::kInvalid;
    if (plan->empty()) return NothingLeft(look.history);
    if (!Check(session, facts, *plan)) return RunState::kInvalid;
    const auto& lock = std::get<MigrationLock>(result);
    report_.lock_wait_seconds += lock.waited_seconds;
    context_.observer.OnDiagnostics(report_.diagnostics);
    context_.observer.OnPlan(*plan);
    const RunState state = RunPlan(session, facts, look, lock.key);
    Unlock(holder, lock.key);
    FailPoint("unlock");
    return state;
  }

  RunState RunPlan(Session& session, const ServerFacts& facts, const Look& look,
                   const LockKey& key) {
    RunRecord record(context_, session, request_.direction, facts.database);
    if (const auto problem = record.BeforeRun(look.history.Heads())) {
      report_.message = *problem;
      return RunState::kFailed;
    }
    report_.backup_path = record.backup().path;
    const RunIdentity identity = BumpFence(session, settings_.names);
    FailPoint("fence_bumped");
    report_.run_id = identity.run_id;
    report_.heads = look.history.Heads();
    Lookout lookout(context_.open_lookout ? context_.open_lookout : context_.open, context_.clock);
    StandbyGuard standbys(settings_.standbys, settings_.standby_longest_query, context_.clock);
    RunWatcher watcher({.watched = session,
                        .lookout = lookout,
                        .clock = context_.clock,
                        .observer = context_.observer,
                        .blocker_query = settings_.blocker_query},
                       context_.stop);
    std::set<std::string> said;
    Heartbeat heartbeat(context_.clock, session, settings_.migration_lock_idle_limit);
    const StepContext step_context{.session = session,
                                   .facts = facts,
                                   .settings = settings_,
                                   .identity = identity,
                                   .key = key,
                                   .clock = heartbeat,
                                   .observer = context_.observer,
                                   .stop = context_.stop,
                                   .random = context_.random,
                                   .watcher = watcher,
                                   .lookout = lookout,
                                   .standbys = standbys,
                                   .said = said,
                                   .sync_alembic = KeepsAlembicInStep(session, settings_, look),
                                   .backup_path = record.backup().path,
                                   .backup_bytes = record.backup().bytes};
    const RunState state = RunSteps(step_context, look.history, record);
    record.AfterRun(report_, state);
    return state;
  }

  RunState RunSteps(const StepContext& step_context, const History& history, RunRecord& record) {
    StepSequence sequence(step_context, prepared_, history, record, memory_, report_);
    doubtful_.reset();
    try {
      return sequence.Run();
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kInDoubt) doubtful_ = sequence.doubt();
      throw;
    }
  }

  // A COMMIT without an answer: only our own row proves it. The lock was waited for, or somebody
  // else holds it now; either way the history that was just read is the truth.
  void SettleDoubt(const History& history) {
    if (!doubtful_ || Mutant("blind-retry")) return;
    const HistoryEntry* entry = history.Find(doubtful_->step.revision);
    if (entry != nullptr && entry->attempt == doubtful_->attempt) {
      StepReport report{.revision = doubtful_->step.revision,
                        .direction = doubtful_->step.direction,
                        .result = Applied{},
                        .duration_seconds = entry->duration_seconds};
      report_.steps.push_back(report);
      context_.observer.OnStepEnd(doubtful_->step, report);
    }
    doubtful_.reset();
  }

  const RunContext& context_;
  const RunSettings& settings_;
  RunRequest request_;
  RunReport report_;
  ServerMemory own_memory_;
  ServerMemory& memory_;
  std::vector<PreparedStep> prepared_;
  Diagnostics found_;  // by preparing
  std::optional<Doubt> doubtful_;
  bool connected_ = false;
};

}  // namespace

SessionOptions RunSessionOptions(const RunSettings& settings, Direction direction) {
  return {.purpose = direction == Direction::kUp ? "upgrade" : "downgrade",
          .idle_limit = settings.migration_lock_idle_limit};
}

RunReport Run(const RunContext& context, const RunRequest& request) {
  return Runner(context, request).Run();
}

}  // namespace lockstep
