#include "engine/run_record.h"

#include "base/error.h"
#include "base/fail_point.h"
#include "base/text.h"
#include "engine/attempt_record.h"
#include "engine/heartbeat.h"

namespace lockstep {
namespace {

struct Verdict {
  std::string outcome;
  SqlFailure failure;
  std::vector<Blocker> blockers;
};

Verdict VerdictOf(const StepResult& result) {
  if (const auto* failed = std::get_if<Failed>(&result)) return {"failed", failed->failure, {}};
  if (const auto* deferred = std::get_if<Deferred>(&result)) {
    return {"deferred", deferred->failure, deferred->blockers};
  }
  if (const auto* unknown = std::get_if<Unknown>(&result)) {
    SqlFailure failure{.file = unknown->file, .line = unknown->line};
    failure.error.message = "interrupted in \"" + unknown->statement + "\"";
    return {"unknown", failure, {}};
  }
  return {"stopped", {}, {}};
}

}  // namespace

RunRecord::RunRecord(const RunContext& context, Session& session, Direction direction,
                     std::string database)
    : context_(context), session_(session), direction_(direction), database_(std::move(database)) {}

std::optional<std::string> RunRecord::Hook(HookPoint point, json::object facts) {
  if (!context_.settings.hooks.commands.contains(point)) return {};
  facts["database"] = database_;
  facts["direction"] = NameOf(direction_);
  FailPoint("hook_before");
  const auto result = InSilence(session_, context_.settings.migration_lock_idle_limit, [&] {
    return RunHook(context_.settings.hooks, point, facts, context_.stop.now);
  });
  FailPoint("hook_after");
  if (result) context_.observer.OnHook(*result);
  if (!result || result->ok()) return {};
  // The problem of a hook before the work is the run's own message.
  const bool stops = point == HookPoint::kBeforeRun || point == HookPoint::kBeforeMigration;
  if (!stops) context_.observer.OnMessage(result->problem);
  return result->problem;
}

std::optional<std::string> RunRecord::BeforeRun(const std::vector<std::string>& heads) {
  if (auto problem = Hook(HookPoint::kBeforeRun, {{"heads", ToJson(heads)}})) return problem;
  if (context_.settings.backup.directory.empty()) return {};
  try {
    backup_ = InSilence(session_, context_.settings.migration_lock_idle_limit, [&] {
      return MakeBackup(context_.settings.backup, context_.url, database_,
                        heads.empty() ? "base" : Join(heads, "+"), context_.clock.WallNow(),
                        context_.stop.now);
    });
  } catch (const Error& error) {
    context_.observer.OnBackupFailed(error);
    return std::string("the backup failed, so nothing was changed: ") + error.what();
  }
  context_.observer.OnBackup(backup_.path, backup_.bytes);
  return {};
}

std::optional<std::string> RunRecord::BeforeStep(const Step& step) {
  return Hook(HookPoint::kBeforeMigration,
              {{"revision", step.revision}, {"description", step.description}});
}

void RunRecord::AfterStep(const Step& step, const StepReport& report) {
  const Verdict verdict = VerdictOf(report.result);
  json::object facts{{"revision", step.revision},
                     {"description", step.description},
                     {"duration_seconds", report.duration_seconds}};
  if (std::holds_alternative<Applied>(report.result)) {
    facts["outcome"] = "done";
    Hook(HookPoint::kAfterMigration, std::move(facts));
    return;
  }
  facts["outcome"] = verdict.outcome;
  facts["sqlstate"] = verdict.failure.error.sqlstate;
  facts["message"] = verdict.failure.error.message;
  Hook(HookPoint::kOnFailure, std::move(facts));
}

void RunRecord::AfterRun(const RunReport& report, RunState state) {
  Hook(HookPoint::kAfterRun, {{"run_id", report.run_id},
                              {"state", NameOf(state)},
                              {"heads", ToJson(report.heads)},
                              {"backup", backup_.path}});
}

void RunRecord::Failed(const StepContext& step_context, const Step& step, const StepReport& report,
                       const std::string& attempt) {
  const Verdict verdict = VerdictOf(report.result);
  RecordFailedAttempt(step_context.session, step_context.settings.names, step_context.identity,
                      attempt,
                      MakeFailedAttempt(step, verdict.outcome, verdict.failure, verdict.blockers,
                                        {.duration_seconds = report.duration_seconds,
                                         .lock_wait_seconds = report.lock_wait_seconds,
                                         .attempts = report.attempts}));
}

}  // namespace lockstep
