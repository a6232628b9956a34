// upgrade, downgrade, stop-run, pause, resume, reload: what an agent is told to do.
#include <algorithm>
#include <array>

#include "base/document.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/agent_commands.h"
#include "cli/agent_problem.h"
#include "cli/agent_run.h"
#include "commands/goal_argument.h"
#include "commands/target_access.h"

namespace lockstep {
namespace {

bool IsApplied(const json::object& migration) {
  static constexpr std::array<std::string_view, 4> kStates = {"applied", "changed", "ahead",
                                                              "missing"};
  return std::find(kStates.begin(), kStates.end(), TextAt(migration, "state")) != kStates.end();
}

// Whether the goal may lead there at all, before the agent is asked what is applied.
bool MayLeadToBase(const Goal& goal) {
  if (goal.anchor == Goal::Anchor::kBase) return goal.offset == 0;
  return goal.anchor == Goal::Anchor::kCurrent && goal.offset < 0;
}

// True when a person agreed to roll back everything; false when nothing asks for that.
bool AgreedToBase(const AgentContext& context, const Goal& goal) {
  if (context.yes) return true;
  if (!MayLeadToBase(goal)) return false;
  const json::object history = Accepted(context.client.Ask(QuestionAbout(context, "history")));
  const auto migrations = ObjectsAt(history, "migrations");
  const auto count = std::count_if(migrations.begin(), migrations.end(), IsApplied);
  const bool all = goal.anchor == Goal::Anchor::kBase || -goal.offset >= count;
  if (count == 0 || !all) return false;
  const std::string what = count == 1 ? "the one applied migration"
                                      : "all " + std::to_string(count) + " applied migrations";
  RequireConfirmation(context.confirm,
                      "roll back " + what + " of " + TextAt(history, "target") + "?");
  return true;
}

AgentRequest ChangeOf(const AgentContext& context, const std::string& what) {
  AgentRequest request = QuestionAbout(context, what);
  request.method = "POST";
  return request;
}

std::string Quoted(const std::vector<std::string>& names) {
  return names.empty() ? "" : " \"" + Join(names, "\", \"") + "\"";
}

CommandAnswer PauseOrResume(const AgentContext& context, const std::string& command) {
  json::object answer = Accepted(context.client.Ask(ChangeOf(context, command)));
  const auto names = TextsAt(answer, "targets");
  const bool paused = command == "pause";
  const std::string message =
      paused ? "paused" + Quoted(names) + ": the agent begins nothing; what runs goes on"
             : "resumed" + Quoted(names);
  return {json::object{
      {"paused", paused},
      {"targets", ToJson(names)},
      {"message", message},
      {"next", paused ? json::value(CommandLineFor(context, "resume")) : json::value(nullptr)}}};
}

// The one run that is under way; empty when none is.
std::string ActiveRunId(const AgentContext& context) {
  std::vector<std::string> ids;
  const json::object status = StatusOfAgent(context);
  for (const auto& target : ObjectsAt(status, "targets")) {
    if (!context.target.empty() && TextAt(target, "name") != context.target) continue;
    const std::string id = TextAt(ObjectAt(target, "run"), "id");
    if (!id.empty()) ids.push_back(id);
  }
  if (ids.size() > 1) {
    throw Error(ErrorCode::kUsage, "several runs are under way: " + Join(ids, ", "),
                "name the one that is meant, or its target with --target");
  }
  return ids.empty() ? "" : ids.front();
}

json::object StoppedDocument(const std::string& run_id, bool now, const std::string& message) {
  return {{"run_id", run_id.empty() ? json::value(nullptr) : json::value(run_id)},
          {"now", now},
          {"message", message}};
}

}  // namespace

CommandAnswer UpgradeByAgent(const AgentContext& context, const CommandRequest& request) {
  const std::string goal = request.arguments.empty() ? "head" : request.arguments.front();
  GoalFrom(goal);
  return RunByAgent(context, {.command = "upgrade", .goal = goal, .detach = request.Has("detach")});
}

CommandAnswer DowngradeByAgent(const AgentContext& context, const CommandRequest& request) {
  const std::string& goal = request.arguments.front();
  const bool yes = AgreedToBase(context, GoalFrom(goal));
  return RunByAgent(
      context, {.command = "downgrade", .goal = goal, .yes = yes, .detach = request.Has("detach")});
}

CommandAnswer PauseByAgent(const AgentContext& context, const CommandRequest&) {
  return PauseOrResume(context, "pause");
}

CommandAnswer ResumeByAgent(const AgentContext& context, const CommandRequest&) {
  return PauseOrResume(context, "resume");
}

CommandAnswer ReloadByAgent(const AgentContext& context, const CommandRequest&) {
  if (!context.target.empty()) {
    throw Error(ErrorCode::kUsage, "the agent reads the settings of all targets at once",
                "leave --target out");
  }
  json::object answer = Accepted(context.client.Ask(ChangeOf(context, "reload")));
  std::string message = TextAt(answer, "message");
  if (message.empty()) message = "the agent has read its configuration again";
  return {json::object{{"reloaded", true},
                       {"restart_needed", ToJson(TextsAt(answer, "restart_needed"))},
                       {"message", message}}};
}

CommandAnswer StopRunByAgent(const AgentContext& context, const CommandRequest& request) {
  const bool now = request.Has("now");
  const std::string run_id =
      request.arguments.empty() ? ActiveRunId(context) : request.arguments.front();
  if (run_id.empty()) return {StoppedDocument("", now, "no run is under way")};
  AgentRequest stop{.method = "DELETE", .path = "/api/v1/runs/" + PercentEncoded(run_id)};
  if (now) stop.query.emplace_back("now", "true");
  Accepted(context.client.Ask(stop));
  return {StoppedDocument(run_id, now,
                          now ? "the migration that runs is cancelled and rolled back"
                              : "the run ends after the migration that runs")};
}

}  // namespace lockstep
