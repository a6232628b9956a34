#include "agent/api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openapi_files.h>
#include <unistd.h>

#include <map>
#include <set>

#include "agent/metrics.h"
#include "support/fake_agent.h"
#include "support/json_schema.h"
#include "support/manual_clock.h"

namespace lockstep {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ApiTest : public ::testing::Test {
 protected:
  std::shared_ptr<RecordedReply> Ask(HttpRequest request) {
    const auto reply = std::make_shared<RecordedReply>();
    api_.Answer(request, reply);
    return reply;
  }
  static HttpRequest Request(const std::string& method, const std::string& path,
                             const std::string& body = {}, Caller caller = Root()) {
    HttpRequest request;
    request.method = method;
    request.path = path.substr(0, path.find('?'));
    for (std::size_t at = path.find('?'); at != std::string::npos; at = path.find('&', at + 1)) {
      const std::string pair = path.substr(at + 1, path.find('&', at + 1) - at - 1);
      request.query[pair.substr(0, pair.find('='))] = pair.substr(pair.find('=') + 1);
    }
    request.body = body;
    request.caller = std::move(caller);
    return request;
  }
  static Caller Root() { return {.door = Door::kSocket, .uid = 0, .gid = 0, .pid = 1}; }

  HttpResponse Get(const std::string& path) { return *Ask(Request("GET", path))->sent; }
  HttpResponse Post(const std::string& path, const std::string& body = {}) {
    return *Ask(Request("POST", path, body))->sent;
  }
  static json::object Body(const HttpResponse& response) {
    return json::parse(response.body).as_object();
  }
  static std::string Detail(const HttpResponse& response) {
    return std::string(Body(response).at("detail").as_string());
  }
  std::string BeginUpgrade() {
    return std::string(Body(Post("/api/v1/runs", R"({"command":"upgrade"})")).at("id").as_string());
  }
  void EndRun(const std::string& id) {
    agent_.Journal().End(id, {{{"state", "done"}}, ExitCode::kDone});
  }

  ManualClock clock_;
  FakeAgent agent_{clock_};
  Api api_{agent_, clock_};
};

// ---- The description ----------------------------------------------------------------------------

const json::value& Described() {
  static const json::value document = json::parse(openapi_files().front().second);
  return document;
}

// The schema of an answer; fails the test where none is described.
const json::value* SchemaOf(const std::string& path, const std::string& method,
                            const HttpResponse& response) {
  const json::object& paths = Described().at("paths").as_object();
  const json::value* operation = &paths.at(path).as_object().at(method);
  const json::value* answer =
      operation->at("responses").as_object().if_contains(std::to_string(response.status));
  if (answer == nullptr) return nullptr;
  const std::string type = response.content_type.substr(0, response.content_type.find(';'));
  const json::value* content = answer->at("content").as_object().if_contains(type);
  return content == nullptr ? nullptr : &content->at("schema");
}

struct Exchange {
  std::string described;  // the path as openapi.json has it
  HttpRequest request;
  int status;
};

class DescribedApiTest : public ApiTest {
 protected:
  void HoldTo(const Exchange& exchange) {
    const auto reply = Ask(exchange.request);
    if (!reply->sent) {
      clock_.Advance(std::chrono::hours(1));
      api_.ServeWaiting();
    }
    ASSERT_TRUE(reply->sent) << exchange.request.path;
    const HttpResponse& response = *reply->sent;
    EXPECT_EQ(response.status, exchange.status) << exchange.request.path << response.body;
    std::string method = exchange.request.method;
    std::ranges::transform(method, method.begin(), [](unsigned char c) { return std::tolower(c); });
    const json::value* schema = SchemaOf(exchange.described, method, response);
    ASSERT_NE(schema, nullptr) << method << " " << exchange.described << " does not describe "
                               << response.status << " " << response.content_type;
    seen_.insert(method + " " + exchange.described + " " + std::to_string(response.status));
    if (!response.content_type.starts_with("application/json") &&
        !response.content_type.starts_with("application/problem+json")) {
      return;
    }
    EXPECT_THAT(SchemaFaults(json::parse(response.body), *schema, Described(), exchange.described),
                IsEmpty());
  }

  std::set<std::string> seen_;
};

TEST_F(DescribedApiTest, EveryAnswerIsAsDescribedAndEverythingDescribedIsAnswered) {
  const auto get = [](const std::string& path) { return Request("GET", path); };
  const auto post = [](const std::string& path, const std::string& body = {}) {
    return Request("POST", path, body);
  };
  const Caller stranger{.door = Door::kSocket, .uid = 12345, .gid = 12345, .pid = 2};
  HoldTo({"/api/v1/history", get("/api/v1/history"), 503});
  HoldTo({"/api/v1/plan", get("/api/v1/plan"), 503});
  HoldTo({"/api/v1/blockers", get("/api/v1/blockers"), 503});
  HoldTo({"/api/v1/readiness", get("/api/v1/readiness"), 503});
  HoldTo({"/api/v1/readiness", get("/api/v1/readiness?target=x"), 404});
  HoldTo({"/api/v1/status", get("/api/v1/status"), 200});
  agent_.Look({});
  for (const char* path :
       {"/", "/metrics", "/api/v1/ping", "/api/v1/health", "/api/v1/readiness", "/api/v1/version",
        "/api/v1/status", "/api/v1/history", "/api/v1/plan", "/api/v1/blockers", "/api/v1/wait",
        "/api/v1/openapi.json", "/api/v1/runs"}) {
    HoldTo({path, get(path), 200});
  }
  for (const std::string path :
       {"/api/v1/history", "/api/v1/plan", "/api/v1/blockers", "/api/v1/wait"}) {
    HoldTo({path, get(path + "?target=x"), 404});
  }
  HoldTo({"/api/v1/wait", get("/api/v1/wait?timeout=soon"), 400});
  HttpRequest order = post("/api/v1/runs", R"({"command":"upgrade","goal":"head"})");
  order.idempotency_key = "k";
  HoldTo({"/api/v1/runs", order, 202});
  HoldTo({"/api/v1/runs", order, 200});
  HoldTo({"/api/v1/runs", post("/api/v1/runs", R"({"command":"upgrade"})"), 409});
  HoldTo({"/api/v1/runs", post("/api/v1/runs", "["), 400});
  HoldTo({"/api/v1/runs", post("/api/v1/runs", std::string(100, '[')), 413});
  HoldTo({"/api/v1/runs", post("/api/v1/runs", R"({"command":"upgrade","target":"x"})"), 404});
  HoldTo({"/api/v1/runs", Request("POST", "/api/v1/runs", "{}", stranger), 403});
  const std::string run = "/api/v1/runs/" + agent_.Journal().ActiveOf("shop")->id;
  agent_.statuses["shop"].run = RunProgress{.run_id = agent_.Journal().ActiveOf("shop")->id,
                                            .leader = true,
                                            .step = 1,
                                            .steps = 2,
                                            .revision = "b"};
  HoldTo({"/api/v1/status", get("/api/v1/status"), 200});
  HoldTo({"/api/v1/runs", get("/api/v1/runs"), 200});
  HoldTo({"/api/v1/runs/{id}", get(run), 200});
  HoldTo({"/api/v1/runs/{id}", Request("DELETE", run), 202});
  HoldTo({"/api/v1/runs/{id}", Request("DELETE", run, "", stranger), 403});
  HoldTo({"/api/v1/runs/{id}/events", get(run + "/events?after=x"), 400});
  agent_.Journal().End(agent_.Journal().ActiveOf("shop")->id,
                       {{{"state", "done"}}, ExitCode::kDone});
  HoldTo({"/api/v1/runs/{id}/events", get(run + "/events"), 200});
  HoldTo({"/api/v1/runs/{id}", get(run), 200});
  HoldTo({"/api/v1/runs/{id}", Request("DELETE", run), 409});
  HoldTo({"/api/v1/runs/{id}", get("/api/v1/runs/none"), 404});
  HoldTo({"/api/v1/runs/{id}", Request("DELETE", "/api/v1/runs/none"), 404});
  HoldTo({"/api/v1/runs/{id}/events", get("/api/v1/runs/none/events"), 404});
  for (const std::string path : {"/api/v1/pause", "/api/v1/resume"}) {
    HoldTo({path, post(path), 200});
    HoldTo({path, post(path, R"({"targt":"x"})"), 400});
    HoldTo({path, post(path, R"({"target":"x"})"), 404});
    HoldTo({path, Request("POST", path, "", stranger), 403});
  }
  HoldTo({"/api/v1/reload", post("/api/v1/reload"), 200});
  HoldTo({"/api/v1/reload", post("/api/v1/reload", R"({"a":1})"), 400});
  HoldTo({"/api/v1/reload", Request("POST", "/api/v1/reload", "", stranger), 403});
  agent_.reload = {.problem = "line 3", .hint = "mend it", .restart_needed = {}};
  HoldTo({"/api/v1/reload", post("/api/v1/reload"), 422});
  const auto level = [](const std::string& name, Caller caller = Root()) {
    return Request("PUT", "/api/v1/log-level", R"({"level":")" + name + "\"}", std::move(caller));
  };
  HoldTo({"/api/v1/log-level", level("info"), 200});
  HoldTo({"/api/v1/log-level", level("loud"), 400});
  HoldTo({"/api/v1/log-level", level("info", stranger), 403});
  agent_.Add("other");
  for (const std::string path :
       {"/api/v1/history", "/api/v1/plan", "/api/v1/blockers", "/api/v1/wait"}) {
    HoldTo({path, get(path), 400});
  }
  api_.Stop();
  HoldTo({"/api/v1/runs", post("/api/v1/runs", R"({"command":"upgrade"})"), 503});
  HoldTo({"/api/v1/runs/{id}", Request("DELETE", run), 503});
  for (const std::string path : {"/api/v1/pause", "/api/v1/resume", "/api/v1/reload"}) {
    HoldTo({path, post(path), 503});
  }
  HoldTo({"/api/v1/log-level", level("info"), 503});
  seen_.insert("get /api/v1/wait 503");  // of one that waits when the agent stops: below
  std::set<std::string> described;
  for (const auto& path : Described().at("paths").as_object()) {
    for (const auto& operation : path.value().as_object()) {
      for (const auto& answer : operation.value().at("responses").as_object()) {
        described.insert(std::string(operation.key()) + " " + std::string(path.key()) + " " +
                         std::string(answer.key()));
      }
    }
  }
  EXPECT_EQ(seen_, described);
}

// ---- Who may ------------------------------------------------------------------------------------

// Every path that changes something, as it would be asked for.
std::vector<HttpRequest> Changes(const Caller& caller) {
  std::vector<HttpRequest> changes;
  for (const auto& [method, path] :
       std::vector<std::pair<std::string, std::string>>{{"POST", "/api/v1/runs"},
                                                        {"DELETE", "/api/v1/runs/x"},
                                                        {"POST", "/api/v1/pause"},
                                                        {"POST", "/api/v1/resume"},
                                                        {"POST", "/api/v1/reload"},
                                                        {"PUT", "/api/v1/log-level"}}) {
    HttpRequest request;
    request.method = method;
    request.path = path;
    request.caller = caller;
    changes.push_back(request);
  }
  return changes;
}

TEST_F(ApiTest, NothingIsChangedOverTcp) {
  for (const HttpRequest& request : Changes({.door = Door::kTcp})) {
    EXPECT_EQ(Ask(request)->sent->status, 403) << request.path;
  }
}

TEST_F(ApiTest, AStrangerAtTheSocketAsksAndChangesNothing) {
  const Caller stranger{.door = Door::kSocket, .uid = 12345, .gid = 12345, .pid = 2};
  for (const HttpRequest& request : Changes(stranger)) {
    EXPECT_EQ(Ask(request)->sent->status, 403) << request.path;
  }
  EXPECT_EQ(Ask(Request("GET", "/api/v1/ping", "", stranger))->sent->status, 200);
}

// Faults: C7.
TEST_F(ApiTest, WhoIsAllowedByUserOrAnyOfItsGroupsMayChange) {
  agent_.allowed = {.users = {500}, .groups = {600}};
  const std::vector<Caller> callers = {
      {.door = Door::kSocket, .uid = 500, .gid = 1, .pid = 2},
      {.door = Door::kSocket, .uid = 1, .gid = 600, .pid = 2},
      {.door = Door::kSocket, .uid = 1, .gid = 1, .pid = 2, .groups = {5, 600}},
      {.door = Door::kSocket, .uid = static_cast<long>(geteuid()), .gid = 1, .pid = 2}};
  for (const Caller& caller : callers) {
    EXPECT_EQ(Ask(Request("POST", "/api/v1/pause", "", caller))->sent->status, 200);
  }
}

// ---- Runs ---------------------------------------------------------------------------------------

TEST_F(ApiTest, AnOrderIsTakenToItsTargetAndSaysWhereItIs) {
  const HttpResponse response = Post("/api/v1/runs", R"({"command":"downgrade","goal":"-1"})");
  EXPECT_EQ(response.status, 202);
  const std::string id(Body(response).at("id").as_string());
  EXPECT_THAT(response.headers,
              ElementsAre(std::pair<std::string, std::string>("Location", "/api/v1/runs/" + id)));
  EXPECT_THAT(agent_.woken, ElementsAre("shop"));
  const auto run = agent_.Journal().Find(id);
  EXPECT_EQ(run->order.direction, Direction::kDown);
  EXPECT_EQ(run->order.goal, "-1");
  EXPECT_EQ(run->order.caller, "uid 0, gid 0, pid 1");
}

TEST_F(ApiTest, AConflictNamesTheActiveRun) {
  const std::string id = BeginUpgrade();
  const HttpResponse response = Post("/api/v1/runs", R"({"command":"upgrade"})");
  EXPECT_EQ(response.status, 409);
  EXPECT_EQ(Body(response).at("run_id").as_string(), id);
  EXPECT_EQ(Body(response).at("retryable"), true);
}

TEST_F(ApiTest, APausedTargetTakesNoOrders) {
  Post("/api/v1/pause");
  const HttpResponse response = Post("/api/v1/runs", R"({"command":"upgrade"})");
  EXPECT_EQ(response.status, 409);
  EXPECT_EQ(Detail(response), "target \"shop\" is paused");
  Post("/api/v1/resume");
  EXPECT_EQ(Post("/api/v1/runs", R"({"command":"upgrade"})").status, 202);
}

// It was refused: the target is paused, though nothing new was asked of it.
TEST_F(ApiTest, AnOrderThatWasTakenIsAnsweredAgainWhateverCameSince) {
  HttpRequest order = Request("POST", "/api/v1/runs", R"({"command":"upgrade"})");
  order.idempotency_key = "deploy-7";
  const json::object first = Body(*Ask(order)->sent);
  Post("/api/v1/pause");
  const HttpResponse again = *Ask(order)->sent;
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(Body(again).at("id"), first.at("id"));
  order.idempotency_key = "deploy-8";
  EXPECT_EQ(Ask(order)->sent->status, 409);
}

// Faults: C4.
TEST_F(ApiTest, OrdersThatCannotBeUnderstoodSayWhatIsWrong) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "lacks \"command\""},
      {"{", "is not JSON"},
      {"7", "must be a JSON object"},
      {R"({"command":"drop"})", "\"upgrade\" or \"downgrade\", not \"drop\""},
      {R"({"command":7})", "\"command\" must be a string"},
      {R"({"command":"downgrade"})", "needs a \"goal\""},
      {R"({"command":"upgrade","goal":"a b"})", "a b"},
      {R"({"command":"upgrade","gaol":"x"})", "unknown key \"gaol\""},
      {R"({"command":"upgrade","backup":"/etc"})", "unknown key \"backup\""},
      {R"({"command":"upgrade","yes":"yes"})", "\"yes\" must be a bool"},
  };
  for (const auto& [body, wanted] : cases) {
    const HttpResponse response = Post("/api/v1/runs", body);
    EXPECT_EQ(response.status, 400) << body;
    EXPECT_THAT(Detail(response), HasSubstr(wanted)) << body;
  }
  EXPECT_THAT(agent_.Journal().Recent(), IsEmpty());
}

TEST_F(ApiTest, ARunIsEndedInOrderOrNow) {
  const std::string id = BeginUpgrade();
  const auto stop = std::make_shared<StopSource>();
  agent_.Journal().Begin(id, stop);
  EXPECT_EQ(Ask(Request("DELETE", "/api/v1/runs/" + id))->sent->status, 202);
  EXPECT_FALSE(stop->tokens().now.stop_requested());
  EXPECT_EQ(Ask(Request("DELETE", "/api/v1/runs/" + id + "?now=true"))->sent->status, 202);
  EXPECT_TRUE(stop->tokens().now.stop_requested());
}

TEST_F(ApiTest, EventsComeAsTheyHappenAndEndWithTheRun) {
  const std::string id = BeginUpgrade();
  const auto reply = Ask(Request("GET", "/api/v1/runs/" + id + "/events"));
  EXPECT_EQ(reply->sent->content_type, "application/x-ndjson");
  EXPECT_EQ(reply->sent->body, "");
  agent_.Journal().Append(id, {{"event", "a"}});
  api_.ServeWaiting();
  EXPECT_EQ(reply->sent->body, "{\"seq\":1,\"event\":\"a\"}\n");
  EXPECT_FALSE(reply->ended);
  EndRun(id);
  api_.ServeWaiting();
  EXPECT_TRUE(reply->ended);
  EXPECT_THAT(reply->sent->body, HasSubstr("\"event\":\"ended\""));
  EXPECT_FALSE(api_.ServeWaiting()) << "nobody waits any more";
}

TEST_F(ApiTest, AQuietStreamBeats) {
  const std::string id = BeginUpgrade();
  const auto reply = Ask(Request("GET", "/api/v1/runs/" + id + "/events"));
  clock_.Advance(std::chrono::seconds(15));
  api_.ServeWaiting();
  EXPECT_EQ(reply->sent->body, "\n");
}

TEST_F(ApiTest, AStreamWhoseClientHasLeftIsForgotten) {
  const std::string id = BeginUpgrade();
  const auto reply = Ask(Request("GET", "/api/v1/runs/" + id + "/events"));
  reply->left = true;
  EXPECT_FALSE(api_.ServeWaiting());
}

// ---- Waiting for a goal -------------------------------------------------------------------------

TEST_F(ApiTest, AGoalThatIsReachedIsAnsweredAtOnce) {
  agent_.Look({});
  EXPECT_EQ(Body(Get("/api/v1/wait")).at("state"), "reached");
  agent_.Look({"b"});
  EXPECT_EQ(Body(Get("/api/v1/wait?revision=a")).at("state"), "reached");
}

TEST_F(ApiTest, AGoalIsAnsweredAsSoonAsItIsReached) {
  agent_.Look({"b"});
  const auto reply = Ask(Request("GET", "/api/v1/wait?timeout=1min"));
  EXPECT_FALSE(reply->sent);
  agent_.Look({});
  api_.ServeWaiting();
  ASSERT_TRUE(reply->sent);
  EXPECT_EQ(Body(*reply->sent).at("reached"), true);
}

// It was told before the run had ended, and who then ordered another one met a conflict.
TEST_F(ApiTest, WhoHearsThatAGoalIsReachedFindsItsRunEnded) {
  const std::string run = BeginUpgrade();
  agent_.Journal().Begin(run, std::make_shared<StopSource>());
  agent_.Look({});
  const auto reply = Ask(Request("GET", "/api/v1/wait"));
  EXPECT_FALSE(reply->sent);
  EndRun(run);
  api_.ServeWaiting();
  ASSERT_TRUE(reply->sent);
  EXPECT_EQ(Body(*reply->sent).at("state"), "reached");
}

TEST_F(ApiTest, AFailureEndsTheWait) {
  agent_.Look({"b"}, {"b"});
  const json::object answer = Body(Get("/api/v1/wait?timeout=1min"));
  EXPECT_EQ(answer.at("state"), "failed");
  EXPECT_EQ(answer.at("failure").at("revision"), "b");
}

TEST_F(ApiTest, AWaitEndsWithItsTime) {
  agent_.Look({"b"});
  const auto reply = Ask(Request("GET", "/api/v1/wait?timeout=5s"));
  clock_.Advance(std::chrono::seconds(4));
  api_.ServeWaiting();
  EXPECT_FALSE(reply->sent);
  clock_.Advance(std::chrono::seconds(1));
  api_.ServeWaiting();
  ASSERT_TRUE(reply->sent);
  EXPECT_EQ(Body(*reply->sent).at("state"), "timeout");
  EXPECT_EQ(Body(*reply->sent).at("waiting_for").as_array(), json::array{"b"});
}

TEST_F(ApiTest, WhoeverWaitsGetsAFreshPicture) {
  agent_.Look({"b"});
  const auto reply = Ask(Request("GET", "/api/v1/wait"));
  EXPECT_EQ(agent_.refreshed, 1);
  clock_.Advance(std::chrono::seconds(1));
  api_.ServeWaiting();
  EXPECT_EQ(agent_.refreshed, 2);
}

TEST_F(ApiTest, AnOldPictureIsNoAnswer) {
  agent_.Look({});
  clock_.Advance(std::chrono::seconds(9));
  const auto reply = Ask(Request("GET", "/api/v1/wait"));
  EXPECT_FALSE(reply->sent);
}

TEST_F(ApiTest, WhoWaitsWhenTheAgentStopsIsToldSo) {
  const auto reply = Ask(Request("GET", "/api/v1/wait"));
  api_.Stop();
  ASSERT_TRUE(reply->sent);
  EXPECT_EQ(reply->sent->status, 503);
}

TEST_F(ApiTest, RelativeGoalsAreNotWaitedFor) {
  for (const char* goal : {"+1", "-1", "base", "a+1"}) {
    EXPECT_EQ(Get("/api/v1/wait?goal=" + std::string(goal)).status, 400) << goal;
  }
}

// ---- The rest -----------------------------------------------------------------------------------

TEST_F(ApiTest, AWrongMethodIsToldTheRightOnes) {
  const auto reply = Ask(Request("PUT", "/api/v1/runs"));
  EXPECT_EQ(reply->sent->status, 405);
  EXPECT_THAT(reply->sent->headers,
              ElementsAre(std::pair<std::string, std::string>("Allow", "GET, POST")));
}

TEST_F(ApiTest, APathThatIsNotThereIsNotFoundWhateverItHolds) {
  for (const char* path :
       {"/x", "/api", "/api/v2/ping", "/api/v1/runs//events", "//", "/%00", "/api/v1/ping/more"}) {
    EXPECT_EQ(Get(path).status, 404) << path;
  }
}

TEST_F(ApiTest, RequestsAreCountedByTheirPathNeverByTheClientsText) {
  std::set<std::string_view> known(kHttpHandlers.begin(), kHttpHandlers.end());
  for (const char* path : {"/", "/metrics", "/api/v1/runs", "/api/v1/runs/x",
                           "/api/v1/runs/x/events", "/api/v1/pause", "/nonsense"}) {
    EXPECT_TRUE(known.contains(Api::HandlerOf(Request("GET", path)))) << path;
  }
}

TEST_F(ApiTest, OfSeveralTargetsTheOneThatIsNamedIsMeant) {
  agent_.Add("other");
  EXPECT_EQ(Post("/api/v1/runs", R"({"command":"upgrade"})").status, 400);
  EXPECT_EQ(Post("/api/v1/runs", R"({"command":"upgrade","target":"other"})").status, 202);
  EXPECT_EQ(Post("/api/v1/runs?target=shop", R"({"command":"upgrade"})").status, 202);
  EXPECT_THAT(agent_.woken, ElementsAre("other", "shop"));
}

TEST_F(ApiTest, ReadinessNamesTheTargetThatIsNotReady) {
  agent_.Look({});
  EXPECT_EQ(Get("/api/v1/readiness").status, 200);
  agent_.Add("other");
  const HttpResponse response = Get("/api/v1/readiness");
  EXPECT_EQ(response.status, 503);
  EXPECT_THAT(std::string(Body(response).at("reason").as_string()),
              ::testing::StartsWith("other: "));
  EXPECT_EQ(Get("/api/v1/readiness?target=shop").status, 200);
}

TEST_F(ApiTest, AReloadThatWasRefusedSaysWhy) {
  agent_.reload = {
      .problem = "lockstep.toml:3:1: unknown key", .hint = "mend it", .restart_needed = {}};
  const HttpResponse response = Post("/api/v1/reload");
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(Detail(response), "lockstep.toml:3:1: unknown key");
}

}  // namespace
}  // namespace lockstep
