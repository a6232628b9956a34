// The API's paths that change something. Each change is logged with who asked for it.
#include <utility>

#include "agent/api.h"
#include "agent/api_refusal.h"
#include "agent/events.h"
#include "agent/request_body.h"
#include "base/log.h"
#include "base/text.h"
#include "core/goal.h"

namespace lockstep {
namespace {

json::object BodyOf(const HttpRequest& request, const std::vector<BodyKey>& keys) {
  auto body = ReadBody(request.body, keys);
  if (auto* problem = std::get_if<Problem>(&body)) throw Refusal{std::move(*problem)};
  return std::move(std::get<json::object>(body));
}

std::string TextIn(const json::object& body, std::string_view key, std::string fallback = {}) {
  const json::value* value = body.if_contains(key);
  return value == nullptr ? std::move(fallback) : std::string(value->get_string());
}

// The target of a change may stand in the query or in the body.
std::string TargetNamed(const HttpRequest& request, const json::object& body) {
  const auto named = request.query.find("target");
  return TextIn(body, "target", named == request.query.end() ? "" : named->second);
}

void LogChange(const HttpRequest& request, const std::string& what, LogFields fields = {}) {
  fields.insert(fields.end(), {{"peer_uid", std::int64_t{request.caller.uid}},
                               {"peer_gid", std::int64_t{request.caller.gid}},
                               {"peer_pid", std::int64_t{request.caller.pid}}});
  LogEvent(event::kChangeRequested, what, fields);
}

Direction DirectionNamed(const std::string& command) {
  if (command == "upgrade") return Direction::kUp;
  if (command == "downgrade") return Direction::kDown;
  Refuse(400, "\"command\" is \"upgrade\" or \"downgrade\", not \"" + Escaped(command) + "\"");
}

std::string GoalIn(const json::object& body, Direction direction) {
  const std::string goal = TextIn(body, "goal", direction == Direction::kUp ? "head" : "");
  if (goal.empty()) Refuse(400, "\"downgrade\" needs a \"goal\"", "for one migration: \"-1\"");
  const auto parsed = ParseGoal(goal);
  if (const auto* problem = std::get_if<Diagnostic>(&parsed)) {
    Refuse(400, problem->message, problem->hint);
  }
  return goal;
}

RunOrder OrderIn(const HttpRequest& request, const json::object& body) {
  RunOrder order;
  order.direction = DirectionNamed(TextIn(body, "command"));
  order.goal = GoalIn(body, order.direction);
  order.yes = body.contains("yes") && body.at("yes").as_bool();
  order.caller = ToText(request.caller);
  return order;
}

[[noreturn]] void RefuseConflict(const OrderConflict& conflict) {
  const JournaledRun& run = conflict.run;
  if (conflict.key_reused) {
    Refuse(409, "this Idempotency-Key was used for another order", "take a new one", run.id);
  }
  const std::string command = run.order.direction == Direction::kUp ? "upgrade " : "downgrade ";
  Refuse(409,
         "a run is active: " + command + run.order.goal + ", " + std::string(NameOf(run.phase)),
         "follow it, wait for it, or end it", run.id);
}

}  // namespace

Api::Later Api::BeginRun(const HttpRequest& request, const Reply&) {
  const json::object body = BodyOf(request, {{"command", json::kind::string, true},
                                             {"goal", json::kind::string},
                                             {"target", json::kind::string},
                                             {"yes", json::kind::bool_}});
  const auto status = ChosenTarget(agent_, TargetNamed(request, body));
  RunOrder order = OrderIn(request, body);
  order.target = status->name;
  if (status->paused && !agent_.Journal().Knows(request.idempotency_key)) {
    Refuse(409, "target \"" + status->name + "\" is paused",
           "resume it first: lockstep resume, or POST /api/v1/resume");
  }
  const OrderAnswer answer = agent_.Journal().Submit(order, request.idempotency_key);
  if (const auto* conflict = std::get_if<OrderConflict>(&answer)) RefuseConflict(*conflict);
  const auto& taken = std::get<OrderTaken>(answer);
  if (!taken.again) {
    LogChange(request, TextIn(body, "command") + " " + order.goal + " was asked for",
              {{"target", order.target}, {"run_id", taken.run.id}});
    agent_.Wake(order.target);
  }
  HttpResponse response = JsonResponse(ToJson(taken.run), taken.again ? 200 : 202);
  response.headers.emplace_back("Location", "/api/v1/runs/" + taken.run.id);
  return response;
}

Api::Later Api::EndRun(const HttpRequest& request, const Reply&) {
  const std::string id = RunIdIn(request);
  const auto run = agent_.Journal().Find(id);
  if (!run) Refuse(404, "there is no run \"" + Escaped(id) + "\"");
  const auto now = request.query.find("now");
  const bool at_once = now != request.query.end() && now->second == "true";
  if (!agent_.Journal().RequestStop(id, at_once)) {
    Refuse(409, "the run has ended already", {}, id);
  }
  LogChange(request, at_once ? "the run is to be cancelled" : "the run is to stop",
            {{"target", run->order.target}, {"run_id", id}});
  agent_.Wake(run->order.target);
  return JsonResponse(ToJson(*agent_.Journal().Find(id)), 202);
}

HttpResponse Api::SetPaused(const HttpRequest& request, bool pause) {
  const json::object body = BodyOf(request, {{"target", json::kind::string}});
  const std::string named = TargetNamed(request, body);
  std::vector<std::string> targets = agent_.Targets();
  if (!named.empty()) targets = {ChosenTarget(agent_, named)->name};
  for (const std::string& target : targets) agent_.Pause(target, pause);
  LogChange(request, std::string(pause ? "paused: " : "resumed: ") + Join(targets, ", "));
  return JsonResponse({{"paused", pause}, {"targets", ToJson(targets)}});
}

Api::Later Api::PauseTargets(const HttpRequest& request, const Reply&) {
  return SetPaused(request, true);
}

Api::Later Api::ResumeTargets(const HttpRequest& request, const Reply&) {
  return SetPaused(request, false);
}

Api::Later Api::Reload(const HttpRequest& request, const Reply& reply) {
  BodyOf(request, {});
  LogChange(request, "a reload was asked for");
  agent_.Reload([reply](const ReloadResult& result) {
    if (!result.problem.empty()) {
      reply->Send(ToResponse({.status = 422, .detail = result.problem, .hint = result.hint}));
      return;
    }
    const std::string message = result.restart_needed.empty()
                                    ? "the settings are in force"
                                    : "in force, but for what counts from the next start on: " +
                                          Join(result.restart_needed, ", ");
    reply->Send(JsonResponse({{"reloaded", true},
                              {"message", message},
                              {"restart_needed", ToJson(result.restart_needed)}}));
  });
  return {};
}

Api::Later Api::SetLevel(const HttpRequest& request, const Reply&) {
  const json::object body = BodyOf(request, {{"level", json::kind::string, true}});
  const std::string name = TextIn(body, "level");
  const auto level = LogLevelNamed(name);
  if (!level) {
    Refuse(400, "\"" + Escaped(name) + "\" is no level", "debug, info, warning or error");
  }
  SetLogLevel(*level);
  LogChange(request, "the log's level is " + name);
  return JsonResponse({{"level", NameOf(*level)}});
}

}  // namespace lockstep
