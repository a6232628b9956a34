#include "cli/agent_commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <deque>
#include <functional>
#include <map>
#include <mutex>

#include "base/document.h"
#include "base/error.h"
#include "cli/all_commands.h"
#include "cli/printer.h"
#include "support/scripted_server.h"

namespace lockstep {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// Sleeping takes no time, and moves the clock.
class LeapClock : public Clock {
 public:
  SteadyTime Now() const override { return now_; }
  WallTime WallNow() const override { return {}; }
  bool SleepUntil(SteadyTime until, std::stop_token stop) override {
    now_ = std::max(now_, until);
    if (on_sleep) on_sleep();
    return !stop.stop_requested();
  }
  std::function<void()> on_sleep;

 private:
  SteadyTime now_{};
};

class Listener : public RunObserver {
 public:
  void OnReconnect(const std::string& why) override { reconnects.push_back(why); }
  void OnMessage(const std::string& sentence) override { messages.push_back(sentence); }
  std::vector<std::string> reconnects;
  std::vector<std::string> messages;
};

const Command& CommandNamed(std::string_view name) {
  for (const Command& command : AllCommands()) {
    if (command.name == name) return command;
  }
  throw std::logic_error("no such command");
}

// What the server says to a request: text, or something that a test does.
using Said = ScriptedServer::Answer;

Said Saying(std::string text) {
  return [text = std::move(text)](const ScriptedRequest&, ScriptedConnection& connection) {
    connection.Send(text);
  };
}
Said Saying(int status, std::string_view body) { return Saying(HttpAnswer(status, body)); }
Said HangingUp() { return Saying(""); }
Said Stream(const std::vector<std::string>& events, bool held = false) {
  return [=](const ScriptedRequest&, ScriptedConnection& connection) {
    connection.Send(StreamHead());
    for (const auto& event : events) connection.Send(StreamPiece(event + "\n"));
    if (held) connection.WaitForHangup();
    connection.Send(StreamEnd());
  };
}

constexpr char kRun[] = R"({"id": "r1", "target": "default", "command": "upgrade", "goal": "head",
  "source": "api", "caller": "uid 0, gid 0, pid 1", "state": "running",
  "created_at": "2026-11-22T18:20:38Z"})";
constexpr char kEnded[] = R"({"seq": 9, "event": "ended", "exit_code": 0, "document":
  {"command": "upgrade", "schema_version": 1, "target": "postgresql://db/shop", "state": "done",
   "run_id": "r1", "applied": [], "rolled_back": [], "not_run": [], "heads": ["b"],
   "message": "done", "next": "lockstep status", "diagnostics": []}})";

std::string OneLine(std::string text) {
  std::erase(text, '\n');
  return text;
}

// An agent by script, and a command line that speaks to it.
class AgentCommands : public testing::Test {
 protected:
  // The answers to requests of this line, one after the other; the last one stays.
  void On(const std::string& line, std::deque<Said> answers) { script_[line] = std::move(answers); }

  CommandAnswer Do(std::string_view name, CommandRequest request = {}) {
    const AgentClient client(server_.path(), limits_);
    const AgentContext context{.client = client,
                               .target = target_,
                               .yes = yes_,
                               .clock = clock_,
                               .observer = listener_,
                               .stop = source_.tokens(),
                               .confirm = confirm_,
                               .replay = [this](const json::object& event, RunObserver&) {
                                 replayed_.push_back(WholeAt(event, "seq"));
                                 if (on_event_) on_event_(event);
                               }};
    return RunAgentCommand(CommandNamed(name), context, request);
  }

  std::vector<std::string> lines() { return server_.lines(); }
  std::string line(const std::string& command) {
    return "lockstep --socket " + server_.path() + " " + command;
  }

  AgentLimits limits_;
  LeapClock clock_;
  Listener listener_;
  FollowStopSource source_;
  std::string target_;
  bool yes_ = false;
  Confirm confirm_;
  std::vector<long long> replayed_;
  std::function<void(const json::object&)> on_event_;

 private:
  void Answer(const ScriptedRequest& request, ScriptedConnection& connection) {
    Said said;
    {
      const std::lock_guard guard(mutex_);
      auto& answers = script_[request.line];
      if (answers.empty()) {
        said = Saying(HttpProblemAnswer(404, "not in the script: " + request.line));
      } else {
        said = answers.front();
        if (answers.size() > 1) answers.pop_front();
      }
    }
    said(request, connection);
  }

  std::mutex mutex_;
  std::map<std::string, std::deque<Said>> script_;

 protected:
  ScriptedServer server_{[this](const ScriptedRequest& request, ScriptedConnection& connection) {
    Answer(request, connection);
  }};
};

std::string ErrorCodeIn(const CommandAnswer& answer) {
  return TextAt(ObjectAt(answer.document, "error"), "code");
}
std::string ErrorIn(const CommandAnswer& answer) {
  return TextAt(ObjectAt(answer.document, "error"), "message");
}
std::string HintIn(const CommandAnswer& answer) {
  return TextAt(ObjectAt(answer.document, "error"), "hint");
}
std::string MessageIn(const CommandAnswer& answer) { return TextAt(answer.document, "message"); }

// ---- Which door --------------------------------------------------------------------------------

Invocation Line(std::string_view command, const std::string& socket = "",
                const CommandRequest& request = {}) {
  Invocation invocation{&CommandNamed(command), request, {}};
  invocation.options.socket = socket;
  return invocation;
}

std::string Refusal(const Invocation& invocation, const std::string& environment = "") {
  try {
    SocketFor(invocation, environment);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUsage);
    return std::string(error.what()) + " | " + error.hint();
  }
  ADD_FAILURE() << "was accepted";
  return "";
}

TEST(SocketFor, OnlyTheFlagSendsACommandToAnAgent) {
  EXPECT_EQ(SocketFor(Line("upgrade", "/s"), ""), "/s");
  EXPECT_EQ(SocketFor(Line("upgrade", "/s"), "/other"), "/s");
  EXPECT_EQ(SocketFor(Line("upgrade"), "/environment"), std::nullopt);
  EXPECT_EQ(SocketFor(Line("status"), "/environment"), std::nullopt);
}

TEST(SocketFor, TheEnvironmentServesWhatExistsWithAnAgentOnly) {
  for (const auto* name : {"pause", "resume", "reload", "stop-run"}) {
    EXPECT_EQ(SocketFor(Line(name), "/environment"), "/environment");
    EXPECT_EQ(SocketFor(Line(name, "/s"), "/environment"), "/s");
    EXPECT_THAT(Refusal(Line(name)),
                StartsWith(std::string(name) + " speaks to an agent; give --socket, or set "
                                               "LOCKSTEP_SOCKET"));
  }
}

TEST(SocketFor, OtherCommandsNameThoseThatWork) {
  for (const auto* name : {"current", "stamp", "verify", "new", "lock show", "completion"}) {
    EXPECT_THAT(Refusal(Line(name, "/s")),
                HasSubstr("with --socket work: status, history, plan, blockers, wait, upgrade, "
                          "downgrade, stop-run, pause, resume, reload"));
  }
}

TEST(SocketFor, OptionsThatAnAgentDoesNotTakeAreRefused) {
  const auto with = [](const std::string& flag) { return CommandRequest{{}, {{flag, "1"}}}; };
  for (const auto* flag : {"backup", "keep"}) {
    EXPECT_THAT(Refusal(Line("upgrade", "/s", with(flag))),
                HasSubstr("the agent's configuration says where backups go"));
  }
  EXPECT_THAT(Refusal(Line("history", "/s", with("range"))),
              HasSubstr("\"--range\" does not work"));
  EXPECT_THAT(Refusal(Line("plan", "/s", with("sql"))), HasSubstr("its own goal"));
  EXPECT_EQ(SocketFor(Line("upgrade", "/s", with("detach")), ""), "/s");
  EXPECT_THAT(Refusal(Line("upgrade", "", with("detach"))), HasSubstr("give --socket"));
  EXPECT_EQ(SocketFor(Line("sandbox", "", with("detach")), ""), std::nullopt);
}

TEST(SocketFor, ADatabaseOfOnesOwnAndAnAgentExcludeEachOther) {
  for (auto member : {&SettingsFlags::database_url, &SettingsFlags::password_file,
                      &SettingsFlags::folder, &SettingsFlags::config}) {
    Invocation invocation = Line("upgrade", "/s");
    invocation.options.settings.*member = "x";
    EXPECT_THAT(Refusal(invocation), HasSubstr("and --socket exclude each other"));
  }
}

// ---- Questions ----------------------------------------------------------------------------------

std::string StatusAnswer(const std::string& targets) {
  return R"({"agent": {"version": "0.1.0", "pid": 4711, "config_problem": "x.toml:3:1: no"}, "targets": [)" +
         targets + "]}";
}

constexpr char kShop[] = R"({"name": "shop", "database": "postgresql://db/shop",
  "doing": "up to date", "paused": true, "problem": null, "ready": true, "reason": "all applied",
  "age_seconds": 2.1, "run": {"id": "r1"}, "status": {"command": "status", "schema_version": 1,
  "state": "at_head", "revisions": ["b"], "heads": ["b"], "agent": null, "message": null,
  "next": null, "diagnostics": []}})";
constexpr char kUnreached[] = R"({"name": "mail", "database": "postgresql://db/mail",
  "doing": "tries again in 5 s", "paused": false, "problem": "connection refused", "ready": false,
  "reason": "not reached", "age_seconds": null, "run": null, "status": null})";

TEST_F(AgentCommands, StatusIsTheTargetsDocumentWithTheAgentInIt) {
  On("GET /api/v1/status", {Saying(200, StatusAnswer(kShop))});
  const auto answer = Do("status");
  EXPECT_EQ(answer.exit_code, ExitCode::kDone);
  EXPECT_EQ(TextAt(answer.document, "state"), "at_head");
  EXPECT_EQ(json::serialize(answer.document.at("agent")),
            R"({"version":"0.1.0","pid":4711,"doing":"up to date","paused":true,"ready":true,)"
            R"("reason":"all applied","age_seconds":2.1E0,"config_problem":"x.toml:3:1: no"})");
  EXPECT_THAT(
      Print(answer, {}).data,
      HasSubstr("agent           up to date; paused; ready (lockstep 0.1.0, pid 4711; looked "
                "2.1 s ago)\n"
                "settings        refused, the old ones are in force: x.toml:3:1: no\n"));
}

TEST_F(AgentCommands, StatusTellsWhatIsKnownBeforeTheDatabaseWasReached) {
  On("GET /api/v1/status", {Saying(200, StatusAnswer(kUnreached))});
  const auto answer = Do("status");
  EXPECT_EQ(answer.exit_code, ExitCode::kUnreachable);
  const auto printed = Print(answer, {});
  EXPECT_EQ(printed.data,
            "target    postgresql://db/mail\n"
            "agent     tries again in 5 s; not ready: not reached (lockstep 0.1.0, pid 4711)\n"
            "settings  refused, the old ones are in force: x.toml:3:1: no\n");
  EXPECT_EQ(printed.messages,
            "error: the agent has not reached the database yet: connection refused\n");
}

// With errors in the files only they were shown, and what the agent waits for was not.
TEST_F(AgentCommands, StatusShowsTheAgentBesideTheErrorsOfItsFiles) {
  On("GET /api/v1/status", {Saying(200, StatusAnswer(R"({"name": "shop", "database": "db",
      "doing": "the migrations have errors; waits for better ones", "paused": false, "ready": false,
      "reason": "the migrations have errors", "age_seconds": null, "run": null, "status": {
      "command": "status", "schema_version": 1, "message": "nothing was done", "diagnostics": [
      {"severity": "error", "code": "x", "file": "a.up.sql", "line": 1, "column": 1,
       "message": "odd"}]}})"))});
  const auto answer = Do("status");
  EXPECT_EQ(answer.exit_code, ExitCode::kBadMigration);
  const auto printed = Print(answer, {});
  EXPECT_THAT(printed.data, HasSubstr("waits for better ones; not ready"));
  EXPECT_THAT(printed.messages, HasSubstr("a.up.sql:1:1: error: odd"));
}

TEST_F(AgentCommands, OfSeveralTargetsOneIsNamed) {
  On("GET /api/v1/status", {Saying(200, StatusAnswer(std::string(kShop) + "," + kUnreached))});
  On("GET /api/v1/status?target=shop",
     {Saying(200, StatusAnswer(std::string(kShop) + "," + kUnreached))});
  On("GET /api/v1/status?target=nope", {Saying(200, StatusAnswer(kShop))});
  const auto unnamed = Do("status");
  EXPECT_EQ(unnamed.exit_code, ExitCode::kUsage);
  EXPECT_THAT(HintIn(unnamed), HasSubstr("--target: shop, mail"));
  target_ = "shop";
  EXPECT_EQ(TextAt(Do("status").document, "target"), "postgresql://db/shop");
  target_ = "nope";
  EXPECT_THAT(ErrorIn(Do("status")), HasSubstr("no target \"nope\""));
}

TEST_F(AgentCommands, DocumentsAreHandedOnAndTheirAgeIsTold) {
  On("GET /api/v1/history", {Saying(200, R"({"command": "history", "migrations": [],
      "age_seconds": 2, "message": null})"),
                             Saying(200, R"({"command": "history", "migrations": [],
      "age_seconds": 200, "message": "x"})")});
  EXPECT_EQ(MessageIn(Do("history")), "");
  EXPECT_EQ(MessageIn(Do("history")), "x; the agent's picture of the database is 3 min 20 s old");
}

TEST_F(AgentCommands, PlanExitsAsTheCommandItselfDoes) {
  On("GET /api/v1/plan",
     {Saying(200, R"({"steps": [{"revision": "b"}]})"), Saying(200, R"({"steps": [{}]})"),
      Saying(200, R"({"steps": []})"),
      Saying(200, R"({"steps": [{}], "diagnostics": [{"severity": "error"}]})")});
  EXPECT_EQ(Do("plan").exit_code, ExitCode::kDone);
  const CommandRequest wanted{{}, {{"exit-code", "true"}}};
  EXPECT_EQ(Do("plan", wanted).exit_code, ExitCode::kPending);
  EXPECT_EQ(Do("plan", wanted).exit_code, ExitCode::kDone);
  EXPECT_EQ(Do("plan", wanted).exit_code, ExitCode::kBadMigration);
  EXPECT_THAT(ErrorIn(Do("plan", {{"+1"}, {}})), HasSubstr("its own goal"));
}

TEST_F(AgentCommands, ProblemsBecomeErrorsByTheirStatus) {
  const std::map<int, ExitCode> codes = {
      {400, ExitCode::kUsage},    {403, ExitCode::kPermission},  {404, ExitCode::kUsage},
      {405, ExitCode::kUsage},    {408, ExitCode::kTemporary},   {409, ExitCode::kTemporary},
      {413, ExitCode::kUsage},    {422, ExitCode::kSettings},    {431, ExitCode::kUsage},
      {500, ExitCode::kInternal}, {503, ExitCode::kUnreachable}, {418, ExitCode::kUsage}};
  for (const auto& [status, code] : codes) {
    On("GET /api/v1/blockers",
       {Saying(HttpProblemAnswer(status, "what it says",
                                 R"(, "hint": "what to do", "sqlstate": "42501")"))});
    const auto answer = Do("blockers");
    EXPECT_EQ(answer.exit_code, code) << status;
    EXPECT_EQ(ErrorIn(answer), "what it says");
    EXPECT_EQ(HintIn(answer), "what to do");
    EXPECT_EQ(TextAt(ObjectAt(answer.document, "error"), "sqlstate"), "42501");
    EXPECT_EQ(TextAt(answer.document, "command"), "blockers");
  }
}

TEST_F(AgentCommands, WhereThisProgramKnowsMoreTheHintIsOurs) {
  On("POST /api/v1/pause", {Saying(HttpProblemAnswer(403, ""))});
  EXPECT_EQ(ErrorIn(Do("pause")), "a title");
  EXPECT_THAT(HintIn(Do("pause")), HasSubstr("socket.allow_users"));
}

// ---- Changes ------------------------------------------------------------------------------------

TEST_F(AgentCommands, PauseAndResumeNameTheTargets) {
  On("POST /api/v1/pause", {Saying(200, R"({"paused": true, "targets": ["shop", "mail"]})")});
  On("POST /api/v1/resume?target=shop", {Saying(200, R"({"paused": false, "targets": ["shop"]})")});
  const auto paused = Do("pause");
  EXPECT_EQ(MessageIn(paused),
            "paused \"shop\", \"mail\": the agent begins nothing; what runs goes on");
  EXPECT_EQ(TextAt(paused.document, "next"), line("resume"));
  EXPECT_TRUE(TrueAt(paused.document, "paused"));
  target_ = "shop";
  const auto resumed = Do("resume");
  EXPECT_EQ(MessageIn(resumed), "resumed \"shop\"");
  EXPECT_FALSE(TrueAt(resumed.document, "paused"));
  EXPECT_EQ(resumed.exit_code, ExitCode::kDone);
}

TEST_F(AgentCommands, ReloadSaysWhatTheAgentSays) {
  On("POST /api/v1/reload",
     {Saying(200, R"({"reloaded": true, "message": "in force, but for listen",
      "restart_needed": ["listen"]})"),
      Saying(HttpProblemAnswer(422, "line 3: unknown key"))});
  const auto good = Do("reload");
  EXPECT_EQ(MessageIn(good), "in force, but for listen");
  EXPECT_THAT(TextsAt(good.document, "restart_needed"), ElementsAre("listen"));
  const auto bad = Do("reload");
  EXPECT_EQ(bad.exit_code, ExitCode::kSettings);
  EXPECT_EQ(ErrorIn(bad), "line 3: unknown key");
  target_ = "shop";
  EXPECT_EQ(Do("reload").exit_code, ExitCode::kUsage);
}

TEST_F(AgentCommands, StopRunEndsTheOneThatIsUnderWay) {
  On("GET /api/v1/status", {Saying(200, StatusAnswer(std::string(kShop) + "," + kUnreached))});
  On("DELETE /api/v1/runs/r1", {Saying(202, "{}")});
  const auto answer = Do("stop-run");
  EXPECT_EQ(MessageIn(answer), "the run ends after the migration that runs");
  EXPECT_EQ(TextAt(answer.document, "run_id"), "r1");
  EXPECT_THAT(lines(), Contains("DELETE /api/v1/runs/r1"));
}

TEST_F(AgentCommands, StopRunMayNameTheRunAndCancelIt) {
  On("DELETE /api/v1/runs/a%2Fb?now=true", {Saying(202, "")});
  const auto answer = Do("stop-run", {{"a/b"}, {{"now", "true"}}});
  EXPECT_EQ(answer.exit_code, ExitCode::kDone);
  EXPECT_EQ(MessageIn(answer), "the migration that runs is cancelled and rolled back");
  EXPECT_THAT(lines(), ElementsAre("DELETE /api/v1/runs/a%2Fb?now=true"));
}

TEST_F(AgentCommands, StopRunWithoutARunSaysSo) {
  On("GET /api/v1/status", {Saying(200, StatusAnswer(kUnreached))});
  EXPECT_EQ(MessageIn(Do("stop-run")), "no run is under way");
  On("GET /api/v1/status", {Saying(200, StatusAnswer(std::string(kShop) + "," + kShop))});
  EXPECT_EQ(ErrorIn(Do("stop-run")), "several runs are under way: r1, r1");
}

// ---- wait ---------------------------------------------------------------------------------------

std::string WaitLine(const std::string& goal, const std::string& timeout) {
  return "GET /api/v1/wait?" + goal + "&timeout=" + timeout;
}
std::string Waited(const std::string& state) {
  return R"({"command": "wait", "goal": "head", "state": ")" + state +
         R"(", "waiting_for": ["b"], "failure": null, "message": "the agent's words"})";
}

TEST_F(AgentCommands, WaitAsksInPiecesUntilTheGoalIsReached) {
  On(WaitLine("goal=head", "30000ms"),
     {Saying(200, Waited("timeout")), Saying(200, Waited("reached"))});
  const auto answer = Do("wait");
  EXPECT_EQ(answer.exit_code, ExitCode::kDone);
  EXPECT_TRUE(TrueAt(answer.document, "reached"));
  EXPECT_EQ(NumberAt(answer.document, "timeout_seconds"), 600);
  EXPECT_EQ(MessageIn(answer), "the agent's words");
  EXPECT_EQ(lines().size(), 2U);
}

TEST_F(AgentCommands, WaitForARevisionAsksForIt) {
  On(WaitLine("revision=68db", "5000ms"), {Saying(200, Waited("failed"))});
  const auto answer = Do("wait", {{}, {{"for", "68db"}, {"timeout", "5s"}}});
  EXPECT_EQ(answer.exit_code, ExitCode::kBadMigration);
  EXPECT_EQ(TextAt(answer.document, "next"), line("status"));
}

TEST_F(AgentCommands, WaitEndsWithItsTime) {
  for (const auto* left : {"2000ms", "1000ms", "0ms"}) {
    On(WaitLine("goal=head", left), {Saying(200, Waited("timeout"))});
  }
  const auto answer = Do("wait", {{}, {{"timeout", "2s"}}});
  EXPECT_EQ(answer.exit_code, ExitCode::kTemporary);
  EXPECT_EQ(TextAt(answer.document, "state"), "timeout");
  EXPECT_EQ(NumberAt(answer.document, "waited_seconds"), 2);
  EXPECT_EQ(MessageIn(answer), "the agent's words");
  EXPECT_EQ(lines().size(), 3U);
}

TEST_F(AgentCommands, WaitOutlastsARestartOfTheAgent) {
  On(WaitLine("goal=head", "30000ms"),
     {Saying(HttpProblemAnswer(503, "stopping")), HangingUp(), Saying(200, Waited("reached"))});
  EXPECT_EQ(Do("wait").exit_code, ExitCode::kDone);
  EXPECT_EQ(lines().size(), 3U);
}

TEST_F(AgentCommands, WaitWithoutAnAgentFailsAtOnce) {
  const AgentClient nowhere("/nowhere/socket");
  const AgentContext context{.client = nowhere, .clock = clock_, .observer = listener_};
  const auto answer = RunAgentCommand(CommandNamed("wait"), context, {});
  EXPECT_EQ(answer.exit_code, ExitCode::kUnreachable);
  EXPECT_EQ(ErrorIn(answer), "no agent listens at \"/nowhere/socket\"");
}

TEST_F(AgentCommands, WaitTellsTheLastProblemWhenItsTimeIsUp) {
  for (const auto* left : {"1000ms", "0ms"}) {
    On(WaitLine("goal=head", left), {Saying(HttpProblemAnswer(503, "the agent is stopping"))});
  }
  const auto answer = Do("wait", {{}, {{"timeout", "1s"}}});
  EXPECT_EQ(answer.exit_code, ExitCode::kTemporary);
  EXPECT_EQ(MessageIn(answer), "not reached in time; the agent is stopping");
  for (const auto* key : {"goal", "reached", "waiting_for", "failure"}) {
    EXPECT_TRUE(answer.document.contains(key)) << key;
  }
}

TEST_F(AgentCommands, ASignalEndsAWait) {
  On(WaitLine("goal=head", "30000ms"),
     {[this](const ScriptedRequest&, ScriptedConnection& connection) {
       source_.RequestDetach();
       connection.WaitForHangup();
     }});
  const auto answer = Do("wait");
  EXPECT_EQ(TextAt(answer.document, "state"), "stopped");
  EXPECT_EQ(answer.exit_code, ExitCode::kTemporary);
}

TEST_F(AgentCommands, WaitRefusesGoalsThatMove) {
  for (const auto* goal : {"+1", "base", "head-1", "68db+1"}) {
    EXPECT_EQ(Do("wait", {{}, {{"for", goal}}}).exit_code, ExitCode::kUsage) << goal;
  }
  EXPECT_EQ(Do("wait", {{}, {{"timeout", "soon"}}}).exit_code, ExitCode::kUsage);
  EXPECT_TRUE(lines().empty());
}

// ---- upgrade, downgrade -------------------------------------------------------------------------

TEST_F(AgentCommands, ARunIsAskedForFollowedAndAnswered) {
  On("POST /api/v1/runs", {Saying(202, kRun)});
  On("GET /api/v1/runs/r1/events",
     {Stream({R"({"seq": 1, "event": "a"})", "", R"({"seq": 2, "event": "b"})", OneLine(kEnded)})});
  const auto answer = Do("upgrade");
  EXPECT_EQ(answer.exit_code, ExitCode::kDone);
  EXPECT_EQ(TextAt(answer.document, "state"), "done");
  EXPECT_EQ(TextAt(answer.document, "next"), line("status"));
  EXPECT_THAT(replayed_, ElementsAre(1, 2));
  const auto request = server_.requests().at(0);
  EXPECT_EQ(request.body, R"({"command":"upgrade","goal":"head"})");
  EXPECT_THAT(request.head, HasSubstr("Idempotency-Key: "));
}

TEST_F(AgentCommands, TheExitCodeIsTheRuns) {
  On("POST /api/v1/runs", {Saying(202, kRun)});
  On("GET /api/v1/runs/r1/events",
     {Stream(
         {R"({"seq": 1, "event": "ended", "exit_code": 65, "document": {"state": "failed"}})"})});
  EXPECT_EQ(Do("upgrade").exit_code, ExitCode::kBadMigration);
}

TEST_F(AgentCommands, AnEventThatCannotBeShownDoesNotEndTheFollowing) {
  On("POST /api/v1/runs", {Saying(202, kRun)});
  On("GET /api/v1/runs/r1/events", {Stream({R"({"seq": 1, "event": "new"})", OneLine(kEnded)})});
  on_event_ = [](const json::object&) { throw std::runtime_error("unknown"); };
  EXPECT_EQ(Do("upgrade").exit_code, ExitCode::kDone);
}

TEST_F(AgentCommands, AnEndWithoutADocumentIsNotUnderstood) {
  On("POST /api/v1/runs", {Saying(202, kRun)});
  for (const auto* ended : {R"({"seq": 1, "event": "ended", "exit_code": 0})",
                            R"({"seq": 1, "event": "ended", "document": {}})"}) {
    On("GET /api/v1/runs/r1/events", {Stream({ended})});
    EXPECT_EQ(ErrorCodeIn(Do("upgrade")), "bad_settings");
  }
  On("POST /api/v1/runs", {Saying(202, "{}")});
  EXPECT_THAT(ErrorIn(Do("upgrade")), HasSubstr("no id of the run"));
}

TEST_F(AgentCommands, DetachPrintsTheRunAndLeaves) {
  On("POST /api/v1/runs", {Saying(202, kRun)});
  target_ = "shop";
  const auto answer = Do("upgrade", {{"+1"}, {{"detach", "true"}}});
  EXPECT_EQ(answer.exit_code, ExitCode::kDone);
  const auto printed = Print(answer, {});
  EXPECT_EQ(printed.data, "r1\n");
  EXPECT_EQ(printed.messages, "the agent carries it out\nnext: lockstep --socket " +
                                  server_.path() + " --target shop status\n");
  EXPECT_EQ(lines().size(), 1U);
  EXPECT_EQ(server_.requests()[0].body, R"({"command":"upgrade","goal":"+1","target":"shop"})");
}

TEST_F(AgentCommands, TheSameRunIsJoinedAndFollowed) {
  On("POST /api/v1/runs", {Saying(HttpProblemAnswer(409, "active", R"(, "run_id": "r1")"))});
  On("GET /api/v1/runs/r1", {Saying(200, R"({"id": "r1", "command": "upgrade", "goal": "heads",
      "source": "start", "caller": null, "state": "running"})")});
  On("GET /api/v1/runs/r1/events", {Stream({OneLine(kEnded)})});
  EXPECT_EQ(Do("upgrade").exit_code, ExitCode::kDone);
  EXPECT_THAT(listener_.messages,
              ElementsAre("the same run is under way, begun by the agent itself (start); following "
                          "it"));
}

TEST_F(AgentCommands, AnotherRunIsNamedAndLeftAlone) {
  On("POST /api/v1/runs", {Saying(HttpProblemAnswer(409, "active", R"(, "run_id": "r1")"))});
  On("GET /api/v1/runs/r1", {Saying(200, kRun)});
  yes_ = true;
  for (const auto& answer : {Do("upgrade", {{"+1"}, {}}), Do("downgrade", {{"head"}, {}})}) {
    EXPECT_EQ(answer.exit_code, ExitCode::kTemporary);
    EXPECT_EQ(
        ErrorIn(answer),
        "the agent carries out another run: upgrade to \"head\", begun by uid 0, gid 0, pid 1 "
        "at 2026-11-22T18:20:38Z; nothing was changed");
    EXPECT_THAT(HintIn(answer), HasSubstr(line("stop-run r1")));
  }
}

TEST_F(AgentCommands, ARunThatEndedWhileWeLookedIsNoObstacle) {
  On("POST /api/v1/runs",
     {Saying(HttpProblemAnswer(409, "active", R"(, "run_id": "r0")")),
      Saying(HttpProblemAnswer(409, "active", R"(, "run_id": "r9")")), Saying(202, kRun)});
  On("GET /api/v1/runs/r0", {Saying(200, R"({"id": "r0", "state": "ended"})")});
  On("GET /api/v1/runs/r1/events", {Stream({OneLine(kEnded)})});
  EXPECT_EQ(Do("upgrade").exit_code, ExitCode::kDone);
}

TEST_F(AgentCommands, AConflictThatNeverEndsIsTold) {
  On("POST /api/v1/runs", {Saying(HttpProblemAnswer(409, "active", R"(, "run_id": "r9")"))});
  EXPECT_EQ(Do("upgrade").exit_code, ExitCode::kTemporary);
}

TEST_F(AgentCommands, APausedTargetIsBusyInTheAgentsWords) {
  On("POST /api/v1/runs", {Saying(HttpProblemAnswer(409, "target \\\"shop\\\" is paused"))});
  const auto answer = Do("upgrade");
  EXPECT_EQ(answer.exit_code, ExitCode::kTemporary);
  EXPECT_EQ(ErrorIn(answer), "target \"shop\" is paused");
}

TEST_F(AgentCommands, AnAnswerLostOnItsWayIsAskedForAgainWithTheSameKey) {
  On("POST /api/v1/runs", {HangingUp(), Saying(200, kRun)});
  On("GET /api/v1/runs/r1/events", {Stream({OneLine(kEnded)})});
  EXPECT_EQ(Do("upgrade").exit_code, ExitCode::kDone);
  const auto requests = server_.requests();
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_EQ(requests[0].head, requests[1].head);
}

TEST_F(AgentCommands, AnAgentThatNeverAnswersIsGivenUp) {
  On("POST /api/v1/runs", {HangingUp()});
  EXPECT_EQ(Do("upgrade").exit_code, ExitCode::kUnreachable);
  EXPECT_GE(clock_.Now() - SteadyTime{}, std::chrono::seconds(10));
}

TEST_F(AgentCommands, ABrokenStreamIsFollowedFromWhereItBroke) {
  On("POST /api/v1/runs", {Saying(202, kRun)});
  On("GET /api/v1/runs/r1", {HangingUp(), Saying(200, kRun)});
  const auto broken = StreamHead() + StreamPiece("{\"seq\": 1}\n{\"seq\": 2}\n{\"se");
  On("GET /api/v1/runs/r1/events", {Saying(broken)});
  On("GET /api/v1/runs/r1/events?after=2",
     {Stream({R"({"seq": 2})", R"({"seq": 3})", OneLine(kEnded)})});
  EXPECT_EQ(Do("upgrade").exit_code, ExitCode::kDone);
  EXPECT_THAT(replayed_, ElementsAre(1, 2, 3));
  EXPECT_THAT(listener_.reconnects, ElementsAre(HasSubstr("in the middle of its answer")));
}

// An agent that restarts again and again, and goes on each time, is never given up: sixty pauses
// are longer than our patience with one.
TEST_F(AgentCommands, EachLossHasItsOwnPatience) {
  On("POST /api/v1/runs", {Saying(202, kRun)});
  On("GET /api/v1/runs/r1", {Saying(200, kRun)});
  const std::string events = "GET /api/v1/runs/r1/events";
  const auto broken = [](int number) {
    return Saying(StreamHead() + StreamPiece("{\"seq\": " + std::to_string(number) + "}\n"));
  };
  On(events, {broken(1)});
  for (int i = 1; i < 60; ++i) On(events + "?after=" + std::to_string(i), {broken(i + 1)});
  On(events + "?after=60", {Stream({R"({"seq": 61, "event": "ended", "exit_code": 0,)"
                                    R"( "document": {"state": "done"}})"})});
  EXPECT_EQ(Do("upgrade").exit_code, ExitCode::kDone);
  EXPECT_GT(clock_.Now() - SteadyTime{}, std::chrono::seconds(10));
}

TEST_F(AgentCommands, AStreamThatEndsTooEarlyIsLost) {
  On("POST /api/v1/runs", {Saying(202, kRun)});
  On("GET /api/v1/runs/r1", {Saying(200, kRun)});
  On("GET /api/v1/runs/r1/events", {Stream({})});
  const auto answer = Do("upgrade");
  EXPECT_EQ(answer.exit_code, ExitCode::kUnreachable);
  EXPECT_THAT(ErrorIn(answer), HasSubstr("lost the agent during the run \"r1\""));
  EXPECT_THAT(HintIn(answer), HasSubstr(line("status")));
  EXPECT_THAT(listener_.reconnects, ElementsAre("the agent ended its stream of events early"));
}

TEST_F(AgentCommands, AnAgentThatHangsIsLost) {
  limits_ = {.silence = std::chrono::milliseconds(50)};
  On("POST /api/v1/runs", {Saying(202, kRun)});
  On("GET /api/v1/runs/r1", {Saying(200, R"({"id": "r1", "state": "ended", "exit_code": 75,
      "document": {"state": "stopped"}})")});
  On("GET /api/v1/runs/r1/events", {Stream({}, true)});
  const auto answer = Do("upgrade");
  EXPECT_EQ(answer.exit_code, ExitCode::kTemporary);
  EXPECT_EQ(TextAt(answer.document, "state"), "stopped");
}

TEST_F(AgentCommands, ARunThatARestartForgotIsToldWithWhatToDo) {
  On("POST /api/v1/runs", {Saying(202, kRun)});
  On("GET /api/v1/runs/r1/events", {HangingUp()});
  const auto answer = Do("upgrade");
  EXPECT_EQ(answer.exit_code, ExitCode::kUnreachable);
  EXPECT_THAT(ErrorIn(answer), HasSubstr("does not know the run \"r1\" any more"));
  EXPECT_THAT(HintIn(answer), HasSubstr(line("status")));
  EXPECT_EQ(lines().back(), "GET /api/v1/runs/r1");
}

TEST_F(AgentCommands, SignalsAskTheAgentAndThenLeave) {
  On("POST /api/v1/runs", {Saying(202, kRun)});
  On("GET /api/v1/runs/r1/events", {Stream({R"({"seq": 1})"}, true)});
  On("GET /api/v1/runs/r1/events?after=1", {Stream({R"({"seq": 2})"}, true)});
  On("GET /api/v1/runs/r1/events?after=2", {Stream({R"({"seq": 3})"}, true)});
  On("DELETE /api/v1/runs/r1", {Saying(202, "{}")});
  On("DELETE /api/v1/runs/r1?now=true", {Saying(202, "{}")});
  FollowRules rules(source_, [](std::string_view) {});
  on_event_ = [&](const json::object&) { rules.On(SIGINT); };
  const auto answer = Do("upgrade");
  EXPECT_THAT(lines(),
              ElementsAre("POST /api/v1/runs", "GET /api/v1/runs/r1/events",
                          "DELETE /api/v1/runs/r1", "GET /api/v1/runs/r1/events?after=1",
                          "DELETE /api/v1/runs/r1?now=true", "GET /api/v1/runs/r1/events?after=2"));
  EXPECT_EQ(answer.exit_code, ExitCode::kTemporary);
  EXPECT_EQ(TextAt(answer.document, "state"), "detached");
  const auto printed = Print(answer, {});
  EXPECT_EQ(printed.messages, "detached; the run goes on\nnext: " + line("status") + "\n");
}

TEST_F(AgentCommands, TerminationLeavesTheRunAlone) {
  for (const int signal : {SIGTERM, SIGHUP}) {
    FollowStopSource source;
    FollowRules rules(source, [](std::string_view) { ADD_FAILURE() << "nothing is to be said"; });
    EXPECT_EQ(rules.On(signal), SignalRules::Next::kGoOn);
    EXPECT_TRUE(source.tokens().detach.stop_requested());
    EXPECT_EQ(rules.On(signal), SignalRules::Next::kLeave);
  }
  On("POST /api/v1/runs", {Saying(202, kRun)});
  On("GET /api/v1/runs/r1/events", {Stream({R"({"seq": 1})"}, true)});
  on_event_ = [&](const json::object&) { source_.RequestDetach(); };
  EXPECT_EQ(Do("upgrade").exit_code, ExitCode::kTemporary);
  EXPECT_THAT(lines(), Not(Contains(StartsWith("DELETE"))));
}

TEST_F(AgentCommands, QuitCancelsTheRunAtOnce) {
  std::vector<std::string> said;
  FollowRules rules(source_, [&](std::string_view sentence) { said.emplace_back(sentence); });
  EXPECT_EQ(rules.On(SIGQUIT), SignalRules::Next::kGoOn);
  EXPECT_TRUE(source_.tokens().run.now.stop_requested());
  EXPECT_FALSE(source_.tokens().detach.stop_requested());
  EXPECT_THAT(said, ElementsAre(HasSubstr("cancel")));
}

TEST_F(AgentCommands, AStopThatIsRefusedIsToldAndTheRunFollowed) {
  On("POST /api/v1/runs", {Saying(202, kRun)});
  On("GET /api/v1/runs/r1/events", {Stream({R"({"seq": 1})"}, true)});
  On("GET /api/v1/runs/r1/events?after=1", {Stream({OneLine(kEnded)})});
  On("DELETE /api/v1/runs/r1", {Saying(HttpProblemAnswer(403, "not you"))});
  on_event_ = [&](const json::object&) { source_.RequestAfterCurrent(); };
  EXPECT_EQ(Do("upgrade").exit_code, ExitCode::kDone);
  EXPECT_THAT(listener_.messages, ElementsAre("the agent does not stop the run: not you"));
}

TEST_F(AgentCommands, AStopIsAskedForAgainUntilTheAgentHasHeardIt) {
  On("POST /api/v1/runs", {Saying(202, kRun)});
  On("GET /api/v1/runs/r1", {Saying(200, kRun)});
  On("GET /api/v1/runs/r1/events", {Stream({R"({"seq": 1})"}, true)});
  On("GET /api/v1/runs/r1/events?after=1", {Stream({OneLine(kEnded)})});
  On("DELETE /api/v1/runs/r1",
     {HangingUp(), Saying(HttpProblemAnswer(503, "busy")), Saying(202, "{}")});
  on_event_ = [&](const json::object&) { source_.RequestAfterCurrent(); };
  EXPECT_EQ(Do("upgrade").exit_code, ExitCode::kDone);
  EXPECT_EQ(std::ranges::count(lines(), "DELETE /api/v1/runs/r1"), 3);
}

TEST_F(AgentCommands, LeavingBeforeTheAgentAnsweredSaysThatItMayHaveBegun) {
  On("POST /api/v1/runs", {[this](const ScriptedRequest&, ScriptedConnection& connection) {
       source_.RequestDetach();
       connection.WaitForHangup();
     }});
  const auto answer = Do("upgrade");
  EXPECT_EQ(answer.exit_code, ExitCode::kTemporary);
  EXPECT_THAT(ErrorIn(answer), HasSubstr("it may have begun the run"));
}

// ---- downgrade base ---------------------------------------------------------------------------

constexpr char kHistory[] = R"({"command": "history", "target": "postgresql://db/shop",
  "migrations": [{"state": "applied"}, {"state": "changed"}, {"state": "pending"}]})";

class DowngradeToBase : public AgentCommands {
 protected:
  DowngradeToBase() {
    On("GET /api/v1/history", {Saying(200, kHistory)});
    On("POST /api/v1/runs", {Saying(202, kRun)});
    On("GET /api/v1/runs/r1/events", {Stream({OneLine(kEnded)})});
    confirm_ = [this](const std::string& question) {
      asked_.push_back(question);
      return agreed_;
    };
  }
  std::string BodyOfTheRun() {
    for (const auto& request : server_.requests()) {
      if (request.line == "POST /api/v1/runs") return request.body;
    }
    return "";
  }
  std::vector<std::string> asked_;
  std::optional<bool> agreed_;
};

TEST_F(DowngradeToBase, APersonIsAskedAndTheAgentTold) {
  agreed_ = true;
  EXPECT_EQ(Do("downgrade", {{"base"}, {}}).exit_code, ExitCode::kDone);
  EXPECT_THAT(asked_, ElementsAre("roll back all 2 applied migrations of postgresql://db/shop?"));
  EXPECT_EQ(BodyOfTheRun(), R"({"command":"downgrade","goal":"base","yes":true})");
}

TEST_F(DowngradeToBase, NothingIsSentWithoutAYes) {
  agreed_ = false;
  EXPECT_EQ(Do("downgrade", {{"base"}, {}}).exit_code, ExitCode::kTemporary);
  agreed_ = std::nullopt;
  EXPECT_EQ(Do("downgrade", {{"-2"}, {}}).exit_code, ExitCode::kUsage);
  EXPECT_EQ(BodyOfTheRun(), "");
}

TEST_F(DowngradeToBase, YesOnTheCommandLineAsksNobody) {
  yes_ = true;
  Do("downgrade", {{"base"}, {}});
  EXPECT_TRUE(asked_.empty());
  EXPECT_THAT(BodyOfTheRun(), HasSubstr(R"("yes":true)"));
}

TEST_F(DowngradeToBase, OtherGoalsAskNobody) {
  for (const auto* goal : {"-1", "68db", "base+1"}) {
    EXPECT_EQ(Do("downgrade", {{goal}, {}}).exit_code, ExitCode::kDone) << goal;
  }
  EXPECT_TRUE(asked_.empty());
  EXPECT_THAT(BodyOfTheRun(), Not(HasSubstr("yes")));
}

TEST_F(DowngradeToBase, AnEmptyDatabaseNeedsNoQuestion) {
  On("GET /api/v1/history", {Saying(200, R"({"migrations": [{"state": "pending"}]})")});
  EXPECT_EQ(Do("downgrade", {{"base"}, {}}).exit_code, ExitCode::kDone);
  EXPECT_TRUE(asked_.empty());
}

}  // namespace
}  // namespace lockstep
