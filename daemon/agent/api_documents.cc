#include "agent/api_documents.h"

#include "base/log.h"
#include "base/version.h"
#include "commands/documents.h"
#include "postgres/bookkeeping.h"

namespace lockstep {
namespace {

json::value TimeOrNull(const std::optional<WallTime>& time) {
  return time ? json::value(ToIso8601(*time)) : json::value(nullptr);
}

json::value AsOf(const TargetStatus& status) {
  return status.sight ? json::value(ToIso8601(status.looked_at)) : json::value(nullptr);
}

json::value Age(const TargetStatus& status, SteadyTime now) {
  if (!status.sight) return nullptr;
  return json::value(ToSeconds(now - status.looked_steady));
}

json::object ProgressDocument(const RunProgress& progress) {
  const bool begun = progress.step > 0;
  return {{"leader", progress.leader},
          {"holder", TextOrNull(progress.holder)},
          {"step", progress.step},
          {"steps", progress.steps},
          {"revision", TextOrNull(progress.revision)},
          {"description", TextOrNull(progress.description)},
          {"statement", TextOrNull(progress.statement)},
          {"phase", TextOrNull(progress.phase)},
          {"fraction", progress.fraction < 0 ? json::value(nullptr) : progress.fraction},
          {"blockers", ToJson(ToTexts(progress.blockers))},
          {"step_began_at",
           begun ? json::value(ToIso8601(progress.step_began_at)) : json::value(nullptr)}};
}

}  // namespace

json::object ToJson(const JournaledRun& run, const std::optional<RunProgress>& progress) {
  const bool shows_progress = progress && progress->run_id == run.id;
  const CommandAnswer* answer = run.answer.get();
  return {
      {"id", run.id},
      {"target", run.order.target},
      {"command", run.order.direction == Direction::kUp ? "upgrade" : "downgrade"},
      {"goal", run.order.goal},
      {"source", NameOf(run.order.source)},
      {"caller", TextOrNull(run.order.caller)},
      {"state", NameOf(run.phase)},
      {"stopping", run.stopping},
      {"created_at", ToIso8601(run.created_at)},
      {"started_at", TimeOrNull(run.started_at)},
      {"ended_at", TimeOrNull(run.ended_at)},
      {"progress",
       shows_progress ? json::value(ProgressDocument(*progress)) : json::value(nullptr)},
      {"exit_code", answer != nullptr ? json::value(static_cast<int>(answer->exit_code)) : nullptr},
      {"document", answer != nullptr ? json::value(answer->document) : nullptr}};
}

json::object TargetDocument(const TargetStatus& status, const std::optional<JournaledRun>& active,
                            const std::vector<JournaledRun>& ended, SteadyTime now) {
  const Readiness readiness = ReadinessOf(status, now);
  json::array runs;
  for (const JournaledRun& run : ended) runs.push_back(ToJson(run));
  return {{"name", status.name},
          {"database", TextOrNull(status.database)},
          {"doing", status.doing},
          {"paused", status.paused},
          {"reachable", status.reachable},
          {"problem", TextOrNull(status.problem)},
          {"ready", readiness.ready},
          {"reason", readiness.reason},
          {"as_of", AsOf(status)},
          {"age_seconds", Age(status, now)},
          {"status", status.sight ? json::value(status.sight->status) : json::value(nullptr)},
          {"run", active ? json::value(ToJson(*active, status.run)) : json::value(nullptr)},
          {"runs", std::move(runs)}};
}

json::object AgentDocument(const AgentFacts& facts, const Readiness& readiness, SteadyTime now) {
  return {{"version", Version()},
          {"pid", facts.pid},
          {"host", facts.host},
          {"started_at", ToIso8601(facts.started_at)},
          {"uptime_seconds", ToSeconds(now - facts.started_steady)},
          {"ready", readiness.ready},
          {"reason", readiness.reason},
          {"config", TextOrNull(facts.config)},
          {"config_problem", TextOrNull(facts.config_problem)},
          {"log_level", NameOf(CurrentLogLevel())}};
}

json::object VersionDocument(const AgentFacts& facts) {
  return {{"version", Version()},
          {"bookkeeping_format", NewestBookkeepingFormat()},
          {"pid", facts.pid},
          {"host", facts.host},
          {"started_at", ToIso8601(facts.started_at)}};
}

json::object WithAge(json::object document, const TargetStatus& status, SteadyTime now) {
  document["as_of"] = AsOf(status);
  document["age_seconds"] = Age(status, now);
  return document;
}

}  // namespace lockstep
