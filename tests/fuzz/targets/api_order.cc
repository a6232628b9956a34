// The input is a request to the API: a line "METHOD TARGET", a line with its idempotency key, and
// the body.
#include <algorithm>

#include "agent/api.h"
#include "agent/http_target.h"
#include "fuzz/oracle.h"
#include "fuzz/targets.h"
#include "support/fake_agent.h"
#include "support/manual_clock.h"

namespace lockstep {
namespace {

std::string TakeLine(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  std::string line(text.substr(0, end));
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

std::optional<HttpRequest> RequestIn(std::string_view input) {
  const std::string line = TakeLine(input);
  const std::size_t blank = std::min(line.find(' '), line.size());
  auto parsed = ParseHttpTarget(std::string_view(line).substr(std::min(blank + 1, line.size())));
  auto* target = std::get_if<HttpTarget>(&parsed);
  if (target == nullptr) return std::nullopt;
  HttpRequest request;
  request.method = line.substr(0, blank);
  request.path = std::move(target->path);
  request.query = std::move(target->query);
  request.idempotency_key = TakeLine(input);
  request.body = input;
  return request;
}

struct World {
  ManualClock clock;
  FakeAgent agent{clock};
  Api api{agent, clock};
  int answers = 0;

  // Nothing when it waits for something that does not come.
  HttpResponse Ask(HttpRequest request, const Caller& caller) {
    request.caller = caller;
    const auto reply = std::make_shared<RecordedReply>();
    api.Answer(request, reply);
    if (!reply->sent) {
      clock.Advance(std::chrono::hours(48));
      api.ServeWaiting();
    }
    if (!reply->sent) api.Stop();
    Hold(reply->sent.has_value(), "a request is answered", request.path);
    return *reply->sent;
  }
};

bool IsJson(const HttpResponse& response) {
  return response.content_type.starts_with("application/json") ||
         response.content_type.starts_with("application/problem+json");
}

void HoldAnswer(const HttpResponse& response) {
  Hold(response.status >= 200 && response.status <= 503 && response.status != 500,
       "an answer has a status that is meant", std::to_string(response.status) + response.body);
  for (const auto& [name, value] : response.headers) {
    Hold(value.find_first_of("\r\n") == std::string::npos, "a field is one line", value);
  }
  if (!IsJson(response)) return;
  json::error_code fault;
  const json::value document = json::parse(response.body, fault);
  Hold(!fault && document.is_object(), "an answer is a JSON object", response.body);
  if (response.status < 400) return;
  Hold(response.content_type.starts_with("application/problem+json") &&
           document.as_object().contains("detail"),
       "a refusal says why", response.body);
}

// What an accepted order asks for is what stands in the body.
void HoldOrder(const HttpRequest& request, const RunOrder& order) {
  const json::object body = json::parse(request.body).as_object();
  Hold(order.target == "shop", "an order is for a target that is there");
  Hold(body.at("command") == (order.direction == Direction::kUp ? "upgrade" : "downgrade"),
       "an order has the direction that was asked for");
  const json::value* goal = body.if_contains("goal");
  Hold(goal == nullptr || order.goal == goal->as_string(), "an order has its goal", order.goal);
  const json::value* yes = body.if_contains("yes");
  Hold(order.yes == (yes != nullptr && yes->as_bool()), "nobody agrees but who says so");
}

bool Changed(FakeAgent& agent) {
  return !agent.Journal().Recent().empty() || !agent.woken.empty() || agent.statuses["shop"].paused;
}

}  // namespace

void FuzzApiOrder(std::string_view input) {
  const auto request = RequestIn(input);
  if (!request) return;
  const Caller root{.door = Door::kSocket, .uid = 0, .gid = 0, .pid = 1, .groups = {}};

  World closed;
  HoldAnswer(closed.Ask(*request, {}));
  Hold(!Changed(closed.agent), "nobody changes anything by TCP");

  World open;
  open.agent.Look({"b"});
  const HttpResponse response = open.Ask(*request, root);
  HoldAnswer(response);
  Hold(response.status < 400 || !Changed(open.agent), "what is refused changes nothing",
       response.body);
  const auto runs = open.agent.Journal().Recent();
  Hold(runs.size() <= 1, "a request makes one order at most");
  if (runs.empty()) return;
  HoldOrder(*request, runs.front().order);
  const HttpResponse again = open.Ask(*request, root);
  Hold(again.status == (request->idempotency_key.empty() ? 409 : 200),
       "a second order is no second run", again.body);
  Hold(open.agent.Journal().Recent().size() == 1,
       "an order that is repeated is not carried out twice");
}

}  // namespace lockstep
