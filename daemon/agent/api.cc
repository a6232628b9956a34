#include "agent/api.h"

#include <openapi_files.h>

#include <algorithm>
#include <array>
#include <utility>

#include "agent/api_refusal.h"
#include "agent/api_waiting.h"
#include "agent/events.h"
#include "agent/metrics.h"
#include "agent/status_page.h"
#include "base/text.h"

namespace lockstep {

struct Api::Route {
  std::string_view method;
  std::string_view path;  // "{id}" stands for one part
  std::string_view name;  // as the metrics count it
  Verb verb = Verb::kAsk;
  Later (Api::*handler)(const HttpRequest&, const Reply&);
};

// The whole API on one page.
const std::vector<Api::Route>& Api::Routes() {
  static const std::vector<Route> routes = {
      {"GET", "/", "page", Verb::kAsk, &Api::Page},
      {"GET", "/metrics", "metrics", Verb::kAsk, &Api::Metrics},
      {"GET", "/api/v1/ping", "ping", Verb::kAsk, &Api::Ping},
      {"GET", "/api/v1/health", "health", Verb::kAsk, &Api::Health},
      {"GET", "/api/v1/readiness", "readiness", Verb::kAsk, &Api::ReadinessAnswer},
      {"GET", "/api/v1/version", "version", Verb::kAsk, &Api::Version},
      {"GET", "/api/v1/status", "status", Verb::kAsk, &Api::Status},
      {"GET", "/api/v1/history", "history", Verb::kAsk, &Api::History},
      {"GET", "/api/v1/plan", "plan", Verb::kAsk, &Api::Plan},
      {"GET", "/api/v1/blockers", "blockers", Verb::kAsk, &Api::Blockers},
      {"GET", "/api/v1/wait", "wait", Verb::kAsk, &Api::Wait},
      {"GET", "/api/v1/openapi.json", "openapi", Verb::kAsk, &Api::OpenApi},
      {"GET", "/api/v1/runs", "runs", Verb::kAsk, &Api::ListRuns},
      {"POST", "/api/v1/runs", "runs", Verb::kChange, &Api::BeginRun},
      {"GET", "/api/v1/runs/{id}", "run", Verb::kAsk, &Api::ShowRun},
      {"DELETE", "/api/v1/runs/{id}", "run", Verb::kChange, &Api::EndRun},
      {"GET", "/api/v1/runs/{id}/events", "events", Verb::kAsk, &Api::RunEventStream},
      {"POST", "/api/v1/pause", "pause_resume", Verb::kChange, &Api::PauseTargets},
      {"POST", "/api/v1/resume", "pause_resume", Verb::kChange, &Api::ResumeTargets},
      {"POST", "/api/v1/reload", "reload", Verb::kChange, &Api::Reload},
      {"PUT", "/api/v1/log-level", "log_level", Verb::kChange, &Api::SetLevel},
  };
  return routes;
}

namespace {

bool Matches(std::string_view pattern, std::string_view path) {
  const std::vector<std::string> wanted = SplitTrimmed(pattern, '/');
  const std::vector<std::string> given = SplitTrimmed(path, '/');
  return std::ranges::equal(wanted, given, [](const std::string& want, const std::string& part) {
    return want == "{id}" ? !part.empty() : want == part;
  });
}

// A HEAD is answered as the GET that it stands for; the server leaves the body out.
std::string_view MethodOf(const HttpRequest& request) {
  return request.method == "HEAD" ? "GET" : std::string_view(request.method);
}

}  // namespace

Api::Api(AgentControl& agent, const Clock& clock) : agent_(agent), clock_(clock) {}

Api::~Api() = default;

const Api::Route* Api::FindRoute(const HttpRequest& request) {
  std::vector<std::string> allowed;
  for (const Route& route : Routes()) {
    if (!Matches(route.path, request.path)) continue;
    if (route.method == MethodOf(request)) return &route;
    allowed.emplace_back(route.method);
  }
  if (allowed.empty()) {
    Refuse(404, "there is nothing at \"" + Escaped(request.path) + "\"",
           "/api/v1/openapi.json lists what there is");
  }
  Refuse(405, "\"" + Escaped(request.path) + "\" takes " + Join(allowed, " or "),
         Join(allowed, ", "));
}

std::string Api::HandlerOf(const HttpRequest& request) {
  for (const Route& route : Routes()) {
    if (Matches(route.path, request.path)) return std::string(route.name);
  }
  return "other";
}

namespace {

HttpResponse ResponseOf(const Refusal& refusal) {
  HttpResponse response = ToResponse(refusal.problem);
  if (refusal.problem.status == 405) response.headers.emplace_back("Allow", refusal.problem.hint);
  return response;
}

// Over TCP nobody is known, and anybody could fill the log: the metrics count it.
[[noreturn]] void Forbid(const HttpRequest& request) {
  const Caller& caller = request.caller;
  if (caller.door == Door::kTcp) {
    Refuse(403, "changes are made over the agent's Unix socket, not over TCP",
           "lockstep --socket PATH, or curl --unix-socket PATH");
  }
  LogEvent(event::kChangeForbidden,
           request.method + " " + Escaped(request.path) + " by " + ToText(caller),
           {{"peer_uid", std::int64_t{caller.uid}},
            {"peer_gid", std::int64_t{caller.gid}},
            {"peer_pid", std::int64_t{caller.pid}}});
  Refuse(403, ToText(caller) + " may not change anything here",
         "socket.allow_users and socket.allow_groups of the agent's configuration say who may");
}

}  // namespace

void Api::Answer(const HttpRequest& request, const Reply& reply) {
  try {
    const Route* route = FindRoute(request);
    if (!MayDo(route->verb, request.caller, agent_.Allowed())) Forbid(request);
    if (stopping_ && route->verb == Verb::kChange) Refuse(503, "the agent is stopping");
    if (auto response = (this->*route->handler)(request, reply)) reply->Send(std::move(*response));
  } catch (const Refusal& refusal) {
    reply->Send(ResponseOf(refusal));
  }
}

// ---- What handlers share -----------------------------------------------------------------------

HttpResponse JsonResponse(const json::object& document, int status) {
  return {.status = status, .body = json::serialize(document) + "\n", .headers = {}};
}

std::shared_ptr<const TargetStatus> ChosenTarget(const AgentControl& agent,
                                                 const std::string& named) {
  const std::vector<std::string> targets = agent.Targets();
  if (named.empty() && targets.size() != 1) {
    Refuse(400, "the agent has several targets, and none is named",
           "add ?target=NAME, one of " + Join(targets, ", "));
  }
  auto status = agent.StatusOf(named.empty() ? targets.front() : named);
  if (!status) {
    Refuse(404, "there is no target \"" + Escaped(named) + "\"", "there is " + Join(targets, ", "));
  }
  return status;
}

std::shared_ptr<const TargetStatus> ChosenTarget(const AgentControl& agent,
                                                 const HttpRequest& request) {
  const auto named = request.query.find("target");
  return ChosenTarget(agent, named == request.query.end() ? "" : named->second);
}

std::string RunIdIn(const HttpRequest& request) { return SplitTrimmed(request.path, '/').at(4); }

// ---- Questions ---------------------------------------------------------------------------------

Api::Later Api::Ping(const HttpRequest&, const Reply&) {
  return JsonResponse({{"message", "pong"}});
}

Api::Later Api::Health(const HttpRequest&, const Reply&) {
  return JsonResponse({{"status", "alive"}});
}

Api::Later Api::Version(const HttpRequest&, const Reply&) {
  return JsonResponse(VersionDocument(agent_.Facts()));
}

Api::Later Api::Metrics(const HttpRequest&, const Reply&) {
  return HttpResponse{.content_type = std::string(kExpositionContentType),
                      .body = agent_.Exposition(),
                      .headers = {}};
}

Api::Later Api::OpenApi(const HttpRequest&, const Reply&) {
  return HttpResponse{.body = std::string(openapi_files().front().second), .headers = {}};
}

Api::Later Api::Page(const HttpRequest&, const Reply&) {
  json::array histories;
  for (const std::string& name : agent_.Targets()) {
    const auto status = agent_.StatusOf(name);
    if (!status) continue;
    histories.push_back(status->sight ? json::value(status->sight->history) : json::value(nullptr));
  }
  return HttpResponse{.content_type = "text/html; charset=utf-8",
                      .body = StatusPage(StatusDocument(), histories),
                      .headers = {{"Content-Security-Policy", StatusPagePolicy()}}};
}

Api::ReadinessAmong Api::ReadinessOfTargets(const std::vector<std::string>& names,
                                            std::string_view revision) const {
  ReadinessAmong among{.all = {true, "every migration is applied"}, .targets = {}};
  for (const std::string& name : names) {
    const auto status = agent_.StatusOf(name);
    const Readiness one = status ? ReadinessOf(*status, clock_.Now(), revision) : Readiness{};
    among.targets.push_back(
        json::object{{"name", name}, {"ready", one.ready}, {"reason", one.reason}});
    if (names.size() == 1) among.all = one;
    if (names.size() > 1 && among.all.ready && !one.ready) {
      among.all = {false, name + ": " + one.reason};
    }
  }
  return among;
}

Api::Later Api::ReadinessAnswer(const HttpRequest& request, const Reply&) {
  const auto wanted = request.query.find("revision");
  const std::string revision = wanted == request.query.end() ? "" : wanted->second;
  std::vector<std::string> names = agent_.Targets();
  if (request.query.contains("target")) names = {ChosenTarget(agent_, request)->name};
  ReadinessAmong among = ReadinessOfTargets(names, revision);
  return JsonResponse({{"ready", among.all.ready},
                       {"reason", among.all.reason},
                       {"targets", std::move(among.targets)}},
                      among.all.ready ? 200 : 503);
}

json::object Api::StatusDocument() const {
  constexpr std::size_t kRunsShown = 10;
  const SteadyTime now = clock_.Now();
  const std::vector<JournaledRun> runs = agent_.Journal().Recent();
  json::array targets;
  for (const std::string& name : agent_.Targets()) {
    const auto status = agent_.StatusOf(name);
    if (!status) continue;
    std::vector<JournaledRun> ended;
    for (const JournaledRun& run : runs) {
      const bool counts = run.order.target == name && run.phase == RunPhase::kEnded;
      if (counts && ended.size() < kRunsShown) ended.push_back(run);
    }
    targets.push_back(TargetDocument(*status, agent_.Journal().ActiveOf(name), ended, now));
  }
  return {
      {"agent", AgentDocument(agent_.Facts(), ReadinessOfTargets(agent_.Targets(), {}).all, now)},
      {"targets", std::move(targets)}};
}

Api::Later Api::Status(const HttpRequest&, const Reply&) { return JsonResponse(StatusDocument()); }

HttpResponse Api::SightDocument(const HttpRequest& request, json::object DatabaseSight::*document) {
  const auto status = ChosenTarget(agent_, request);
  if (!status->sight) {
    Refuse(503, "the database was not reached yet: " +
                    (status->problem.empty() ? status->doing : status->problem));
  }
  return JsonResponse(WithAge((*status->sight).*document, *status, clock_.Now()));
}

Api::Later Api::History(const HttpRequest& request, const Reply&) {
  return SightDocument(request, &DatabaseSight::history);
}

Api::Later Api::Plan(const HttpRequest& request, const Reply&) {
  return SightDocument(request, &DatabaseSight::plan);
}

Api::Later Api::Blockers(const HttpRequest& request, const Reply&) {
  return SightDocument(request, &DatabaseSight::blocker_document);
}

Api::Later Api::ListRuns(const HttpRequest&, const Reply&) {
  json::array runs;
  for (const JournaledRun& run : agent_.Journal().Recent()) {
    const auto status = agent_.StatusOf(run.order.target);
    runs.push_back(ToJson(run, status ? status->run : std::nullopt));
  }
  return JsonResponse({{"runs", std::move(runs)}});
}

Api::Later Api::ShowRun(const HttpRequest& request, const Reply&) {
  const auto run = agent_.Journal().Find(RunIdIn(request));
  if (!run) Refuse(404, "there is no run \"" + Escaped(RunIdIn(request)) + "\"");
  const auto status = agent_.StatusOf(run->order.target);
  return JsonResponse(ToJson(*run, status ? status->run : std::nullopt));
}

// ---- Waiting -----------------------------------------------------------------------------------

Api::Later Api::Wait(const HttpRequest& request, const Reply& reply) {
  waiting_.push_back(MakeGoalWaiting(agent_, clock_, request, reply));
  ServeWaiting();
  return {};
}

Api::Later Api::RunEventStream(const HttpRequest& request, const Reply& reply) {
  waiting_.push_back(MakeEventsWaiting(agent_, clock_, request, reply));
  ServeWaiting();
  return {};
}

std::optional<SteadyTime> Api::ServeWaiting() {
  std::optional<SteadyTime> next;
  for (auto one = waiting_.begin(); one != waiting_.end();) {
    const auto again = (*one)->Serve(clock_.Now());
    if (!again) {
      one = waiting_.erase(one);
      continue;
    }
    next = next ? std::min(*next, *again) : *again;
    ++one;
  }
  return next;
}

void Api::Stop() {
  RefuseChanges();
  for (const auto& one : waiting_) one->GiveUp();
  waiting_.clear();
}

}  // namespace lockstep
