// What is done to the agent's doors, settings, log and database, and what it does then: each test's
// name begins with its row of the fault matrix in tests/chaos/README.md.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <random>

#include "base/subprocess.h"
#include "postgres/installation.h"
#include "postgres/quoting.h"
#include "postgres/sandbox.h"
#include "support/agent_fixture.h"
#include "support/wire_proxy.h"

namespace lockstep {
namespace {

using ::testing::AnyOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kUp = "lockstep_postgres_up{target=\"default\"}";
constexpr const char* kFailedAttempts =
    "lockstep_postgres_connection_attempts_total{result=\"failure\",target=\"default\"}";
constexpr const char* kRunsDone =
    "lockstep_migration_runs_total{result=\"done\",target=\"default\"}";
constexpr const char* kAtLimit = "lockstep_http_refused_total{reason=\"limit\"}";
constexpr const char* kClientGone = "lockstep_http_refused_total{reason=\"gone\"}";

constexpr uid_t kStranger = 65534;

double MetricBy(HttpClient& client, const std::string& series) {
  for (const auto& [one, value] : ParseExposition(client.Get("/metrics").body).values) {
    if (ToText(one) == series) return value;
  }
  ADD_FAILURE() << "there is no series " << series;
  return -1;
}

// Waits until the series has come so far.
void WaitForMetric(HttpClient& client, const std::string& series, double least) {
  while (MetricBy(client, series) < least) {
  }
}

json::object GetJson(HttpClient& client, const std::string& target) {
  return json::parse(client.Get(target).body).as_object();
}

int CountOf(const std::string& text, std::string_view part) {
  int count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

class AgentFaults : public AgentFixture {
 protected:
  // An agent in mid-migration: the migration's only effect is a row, and it ends after Go().
  std::unique_ptr<AgentUnderTest> StartInMidMigration(
      const std::string& more = {}, const std::vector<std::string>& launcher = {}) {
    database_.Sql("create table go (id int); create table effects (revision text)");
    Add("0001", std::string("insert into effects values ('0001');\n") + kRunsUntilGo);
    auto agent = launcher.empty()
                     ? Start(more)
                     : std::make_unique<AgentUnderTest>(Settings(more), Environment(), launcher);
    EXPECT_TRUE(WaitForBody(agent->program())) << agent->program().messages();
    return agent;
  }

  // Lets the migration end, and sees that it has ended well, once, and by one run: whatever is done
  // to the agent still goes on. `client` was there before that.
  void ExpectMigrated(HttpClient& client) const {
    EXPECT_EQ(History(), "") << "it is still under way";
    Go();
    EXPECT_EQ(GetJson(client, "/api/v1/wait?timeout=3min").at("state"), "reached");
    EXPECT_EQ(History(), "0001");
    EXPECT_EQ(database_.Value("select count(*) from effects"), "1");
    EXPECT_EQ(MetricBy(client, kRunsDone), 1);
    EXPECT_EQ(GetJson(client, "/api/v1/runs").at("runs").as_array().size(), 1U);
  }

  // It has seen that nothing can be done, also when somebody asks again, and no run was begun.
  static void ExpectPassive(AgentUnderTest& agent, const std::string& reason) {
    const std::string series = "lockstep_passive{reason=\"" + reason + "\",target=\"default\"}";
    EXPECT_EQ(agent.Metric(series), 1);
    const std::string triggers = "lockstep_triggers_total{source=\"signal\",target=\"default\"}";
    agent.program().Signal(SIGUSR1);
    HttpClient client = agent.Connect();
    WaitForMetric(client, triggers, 1);
    EXPECT_EQ(agent.Metric(series), 1);
    EXPECT_THAT(agent.program().messages(), Not(HasSubstr("run_begun")));
    EXPECT_EQ(CountOf(agent.program().messages(), "passive: "), 1);
  }

  static void ExpectAnswers(AgentUnderTest& agent) {
    EXPECT_EQ(agent.Get("/api/v1/readiness").status, 200);
    EXPECT_EQ(HttpClient::ToAddress(agent.address()).Get("/metrics").status, 200);
  }

  // Lets others than root reach the socket's folder.
  static void OpenFolder(const AgentUnderTest& agent) {
    ::chmod(agent.folder().path().c_str(), 0711);
  }
};

#define SKIP_UNLESS_ROOT(what) \
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to " << (what)

// ---- The doors ----------------------------------------------------------------------------------

// Each asks, and those for whom there is no place are told so.
int CountRefused(std::vector<HttpClient>& flood) {
  int refused = 0;
  for (HttpClient& client : flood) {
    const int status = client.ReadAnswer().status;
    EXPECT_THAT(status, AnyOf(200, 503));
    if (status == 503) ++refused;
  }
  return refused;
}

TEST_F(AgentFaults, C1_AFloodOfConnectionsIsCappedAndTheMigrationGoesOn) {
  const auto agent = StartInMidMigration();
  HttpClient early = agent->Connect();
  early.Get("/api/v1/ping");
  std::vector<HttpClient> flood;
  for (int i = 0; i < 300; ++i) {
    flood.push_back(i % 2 == 0 ? agent->Connect() : HttpClient::ToAddress(agent->address()));
    flood.back().Send("GET", "/api/v1/ping");
  }
  const int refused = CountRefused(flood);
  EXPECT_EQ(refused, 300 - 63) << "64 places, one of them for who came before";
  EXPECT_EQ(MetricBy(early, kAtLimit), refused);
  ExpectMigrated(early);
  flood.clear();
  ExpectAnswers(*agent);
}

TEST_F(AgentFaults, C1_AFloodOfOneUidLeavesPlaceForTheOthers) {
  SKIP_UNLESS_ROOT("connect as somebody else");
  const auto agent = StartInMidMigration("socket.mode = \"0666\"\n");
  OpenFolder(*agent);
  std::vector<HttpClient> flood;
  for (int i = 0; i < 60; ++i) {
    flood.push_back(HttpClient::ToSocketAs(agent->socket(), kStranger, kStranger));
    flood.back().Send("GET", "/api/v1/ping");
  }
  EXPECT_EQ(CountRefused(flood), 60 - 32);
  HttpClient late = agent->Connect();
  ExpectMigrated(late);
  ExpectAnswers(*agent);
}

TEST_F(AgentFaults, C2_SlowClientsHoldUpNobody) {
  const auto agent = StartInMidMigration();
  std::vector<HttpClient> slow;
  for (int i = 0; i < 20; ++i) {
    slow.push_back(agent->Connect());
    slow.push_back(HttpClient::ToAddress(agent->address()));
  }
  // Byte by byte, all of them at once, and never to the end.
  for (const char byte : std::string("GET /api/v1/status HTTP/1.1\r\nHost: t")) {
    for (HttpClient& client : slow) client.SendRaw({&byte, 1});
    EXPECT_EQ(agent->Get("/api/v1/ping").status, 200);
  }
  HttpClient late = agent->Connect();
  ExpectMigrated(late);
  ExpectAnswers(*agent);
}

TEST_F(AgentFaults, C3_WhatIsTooLargeIsRefusedBeforeItIsThere) {
  const auto agent = StartInMidMigration();
  const auto answer_to = [&](const std::string& bytes) {
    HttpClient client = agent->Connect();
    client.SendRaw(bytes);
    return client.ReadUntilClosed();
  };
  const std::string order = "POST /api/v1/runs HTTP/1.1\r\nHost: t\r\n";
  EXPECT_THAT(answer_to(order + "Content-Length: 1000000000000\r\n\r\n{"),
              StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(
      answer_to(order + "Transfer-Encoding: chunked\r\n\r\n11000\r\n" + std::string(0x11000, ' ')),
      StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(answer_to(order + "X: " + std::string(9000, 'x') + "\r\n\r\n"),
              StartsWith("HTTP/1.1 431 "));
  HttpClient early = agent->Connect();
  ExpectMigrated(early);
  ExpectAnswers(*agent);
}

TEST_F(AgentFaults, C3_JsonIsTakenToADepthOf32) {
  const auto agent = Start();
  const auto nested = [](int depth) {
    return "{\"goal\":" + std::string(static_cast<std::size_t>(depth), '[');
  };
  EXPECT_EQ(agent->Post("/api/v1/runs", nested(33)).status, 413);
  EXPECT_EQ(agent->Post("/api/v1/runs", nested(65'000)).status, 413);
  EXPECT_EQ(agent->Post("/api/v1/runs", nested(10)).status, 400) << "it does not end";
  EXPECT_THAT(agent->GetJson("/api/v1/runs").at("runs").as_array(), IsEmpty());
}

// Requests with a few bytes changed, left out, put in or doubled. The same ones in each run.
class Mangler {
 public:
  explicit Mangler(std::vector<std::string> corpus) : corpus_(std::move(corpus)) {}

  std::string Next() {
    std::string text = corpus_[Below(corpus_.size())];
    for (std::size_t i = Below(6) + 1; i > 0 && !text.empty(); --i) Mangle(text);
    return text;
  }

 private:
  std::size_t Below(std::size_t limit) { return random_() % limit; }
  void Mangle(std::string& text) {
    const std::size_t at = Below(text.size());
    switch (Below(4)) {
      case 0:
        text[at] = static_cast<char>(random_());
        break;
      case 1:
        text.erase(at, Below(20) + 1);
        break;
      case 2:
        text.insert(at, 1, static_cast<char>(random_()));
        break;
      default:
        text.insert(at, text.substr(Below(text.size()), 40));
    }
  }

  std::vector<std::string> corpus_;
  std::mt19937 random_{20240501};
};

TEST_F(AgentFaults, C4_GarbageIsAnsweredOrCutOffAndChangesNothing) {
  const auto agent = StartInMidMigration();
  const std::string tail = " HTTP/1.1\r\nHost: test\r\nAccept: */*\r\n";
  Mangler mangler({
      "GET /api/v1/status" + tail + "\r\n",
      "GET /api/v1/readiness?revision=%30001&target=default" + tail + "\r\n",
      "GET /metrics" + tail + "\r\nGET /api/v1/ping" + tail + "Connection: close\r\n\r\n",
      "POST /api/v1/pause" + tail + "Content-Length: 20\r\n\r\n{\"target\":\"default\"}",
      "POST /api/v1/runs" + tail +
          "Transfer-Encoding: chunked\r\n\r\n17\r\n{\"command\":\"downgrade\"}\n\r\n0\r\n\r\n",
      "PUT /api/v1/log-level" + tail + "Content-Length: 17\r\n\r\n{\"level\":\"debug\"}",
  });
  for (int i = 0; i < 600; ++i) {
    const std::string bytes = mangler.Next();
    // By TCP no change is taken; what is left of an order would be one, by the socket.
    HttpClient client = HttpClient::ToAddress(agent->address());
    client.SendRaw(bytes);
    client.ShutDownSending();
    EXPECT_THAT(client.ReadUntilClosed(), AnyOf(IsEmpty(), StartsWith("HTTP/1.1 "))) << bytes;
  }
  HttpClient early = agent->Connect();
  ExpectMigrated(early);
  EXPECT_EQ(agent->Target().at("paused"), false);
  EXPECT_EQ(agent->GetJson("/api/v1/status").at("agent").at("log_level"), "info");
  EXPECT_THAT(agent->program().messages(), Not(HasSubstr("request_failed")));
  ExpectAnswers(*agent);
}

TEST_F(AgentFaults, C5_ClientsThatLeaveInMidAnswerAreCountedAndForgotten) {
  const auto agent = StartInMidMigration();
  HttpClient early = agent->Connect();
  const double descriptors = MetricBy(early, "process_open_fds");
  const std::string events =
      "/api/v1/runs/" + std::string(agent->Target().at("run").at("id").as_string()) + "/events";
  // While it waits for its answer; in the midst of it; before it has looked at any of it.
  for (int i = 0; i < 20; ++i) {
    HttpClient::ToAddress(agent->address()).Send("GET", "/api/v1/wait?timeout=3min");
    agent->Connect().Send("GET", "/api/v1/wait?timeout=3min");
  }
  WaitForMetric(early, kClientGone, 40);
  for (int i = 0; i < 40; ++i) {
    HttpClient reader = i % 2 == 0 ? agent->Connect() : HttpClient::ToAddress(agent->address());
    reader.Send("GET", events);
    EXPECT_EQ(reader.ReadHead().status, 200);
  }
  for (int i = 0; i < 40; ++i) agent->Connect().Send("GET", "/api/v1/openapi.json");
  while (MetricBy(early, "process_open_fds") > descriptors) {
  }
  ExpectMigrated(early);
  ExpectAnswers(*agent);
}

TEST_F(AgentFaults, C7_AStrangerIsKeptOutByTheSocketsMode) {
  SKIP_UNLESS_ROOT("connect as somebody else");
  const auto agent = Start();
  OpenFolder(*agent);
  EXPECT_THROW(HttpClient::ToSocketAs(agent->socket(), kStranger, kStranger), std::runtime_error);
}

TEST_F(AgentFaults, C7_WhereTheModeLetsAStrangerInItAsksButChangesNothingAndIsLogged) {
  SKIP_UNLESS_ROOT("connect as somebody else");
  const auto agent = StartInMidMigration("socket.mode = \"0666\"\n");
  OpenFolder(*agent);
  HttpClient stranger = HttpClient::ToSocketAs(agent->socket(), kStranger, kStranger);
  EXPECT_EQ(stranger.Get("/api/v1/status").status, 200);
  const std::string run =
      "/api/v1/runs/" + std::string(agent->Target().at("run").at("id").as_string());
  for (const auto& [method, target, body] : std::vector<std::array<std::string, 3>>{
           {"POST", "/api/v1/runs", R"({"command":"downgrade","goal":"base","yes":true})"},
           {"DELETE", run + "?now=true", ""},
           {"POST", "/api/v1/pause", ""},
           {"POST", "/api/v1/resume", ""},
           {"POST", "/api/v1/reload", ""},
           {"PUT", "/api/v1/log-level", R"({"level":"error"})"}}) {
    EXPECT_EQ(stranger.Request(method, target, body).status, 403) << method << " " << target;
  }
  ExpectMigrated(stranger);
  ASSERT_TRUE(agent->program().WaitForMessage("\"event\":\"change_forbidden\""));
  EXPECT_THAT(agent->program().messages(), HasSubstr("\"peer_uid\":65534"));
  ExpectAnswers(*agent);
}

TEST_F(AgentFaults, C8_APathThatIsTooLongForASocketIsASettingThatIsRefused) {
  Add("0001", "create table a ();\n");
  const std::string path = migrations_.Path(std::string(107 - migrations_.path().size(), 's'));
  ASSERT_EQ(path.size(), 108U);
  Program agent({"--dir", migrations_.path(), "--socket", path, "--listen", "off"}, Environment(),
                "", LOCKSTEP_AGENT);
  const ProgramEnd end = agent.Wait();
  EXPECT_EQ(end.exit_code, 78);
  EXPECT_THAT(end.messages, HasSubstr("at most 107 bytes"));
  EXPECT_EQ(database_.Value("select to_regclass('lockstep.history')"), "");
}

TEST_F(AgentFaults, C10_TheSameOrderTwiceIsOneRunAndTheSecondAnswerShowsTheFirst) {
  database_.Sql("create table go (id int); create table effects (revision text)");
  Add("0001", std::string("insert into effects values ('0001');\n") + kRunsUntilGo);
  const auto agent = Start("apply.on_start = \"off\"\n");
  ASSERT_TRUE(agent->program().WaitForMessage("1 pending; waits for a trigger"));
  const auto order = [&](const std::string& goal) {
    return agent->Connect().Request("POST", "/api/v1/runs",
                                    R"({"command":"upgrade","goal":")" + goal + "\"}",
                                    {{"Idempotency-Key", "deploy-4711"}});
  };
  const HttpAnswer first = order("head");
  EXPECT_EQ(first.status, 202);
  ASSERT_TRUE(WaitForBody(agent->program()));
  const HttpAnswer again = order("head");
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.headers.at("location"), first.headers.at("location"));
  HttpClient early = agent->Connect();
  ExpectMigrated(early);
  const HttpAnswer late = order("head");
  EXPECT_EQ(late.status, 200);
  EXPECT_EQ(json::parse(late.body).at("document").at("state"), "done");
  EXPECT_EQ(order("0001").status, 409) << "the key stands for another order";
}

// ---- Settings -----------------------------------------------------------------------------------

// What lockstepd says to a file that it does not start with; nothing was begun then.
class RefusedSettings {
 public:
  explicit RefusedSettings(const std::string& text, const Program::Environment& environment) {
    const TemporaryFolder folder;
    folder.Write("l.toml",
                 "socket.path = \"" + folder.Path("s.sock") + "\"\nlisten = \"off\"\n" + text);
    Program agent({"--config", folder.Path("l.toml")}, environment, "", LOCKSTEP_AGENT);
    end_ = agent.Wait();
    EXPECT_EQ(end_.exit_code, 78);
    EXPECT_FALSE(std::filesystem::exists(folder.Path("s.sock.lock")));
    EXPECT_THAT(end_.messages, Not(HasSubstr("\"event\"")));
  }
  const std::string& messages() const { return end_.messages; }

 private:
  ProgramEnd end_;
};

TEST_F(AgentFaults, G1_ABadFileIsRefusedWithItsPlaceBeforeAnythingBegins) {
  Add("0001", "create table a ();\n");
  const RefusedSettings broken(Settings("goal = = \"head\"\n"), Environment());
  EXPECT_THAT(broken.messages(), ContainsRegex("l\\.toml:6:[0-9]+: "));
  const RefusedSettings unusable(Settings("refresh = \"often\"\n"), Environment());
  EXPECT_THAT(unusable.messages(), ContainsRegex("l\\.toml:6:[0-9]+: "));
  EXPECT_EQ(database_.Value("select to_regclass('lockstep.history')"), "");
}

TEST_F(AgentFaults, G2_AnUnknownKeyIsRefusedAndTheNearestOneIsNamed) {
  const RefusedSettings settings(Settings("[target.shop]\nlock_timeoutt = \"2s\"\n"),
                                 Environment());
  EXPECT_THAT(settings.messages(), ContainsRegex("l\\.toml:7:[0-9]+: .*lock_timeoutt"));
  EXPECT_THAT(settings.messages(), HasSubstr("\"lock_timeout\""));
}

TEST_F(AgentFaults, G3_AVariableThatIsNotSetIsNamedAndNeverEmpty) {
  Add("0001", "-- variables: on\ncreate table a (x text default '${SHOP_OWNER}');\n");
  const auto agent = Start();
  EXPECT_TRUE(agent->program().WaitForMessage("SHOP_OWNER"));
  EXPECT_TRUE(agent->program().WaitForMessage("\"event\":\"run_failed\""));
  EXPECT_EQ(agent->Get("/api/v1/readiness").status, 503);
  EXPECT_EQ(database_.Value("select to_regclass('public.a')"), "");
}

// An agent that logs in as a role of its own, whose password stands in a file.
class AgentWithPasswordFile : public AgentFaults {
 protected:
  AgentWithPasswordFile() {
    role_ = database_.CreateRole("agent", "first");
    database_.Sql("grant create on database " + QuoteIdentifier(database_.name()) + " to " +
                  QuoteIdentifier(role_) + "; grant create on schema public to " +
                  QuoteIdentifier(role_));
    url_ = database_.UrlAs(role_, "wrong");  // the file counts
    WritePassword("first", 0600);
  }
  void WritePassword(const std::string& password, mode_t mode) const {
    secrets_.Write("password", password + "\n");
    ::chmod(file().c_str(), mode);
  }
  std::string file() const { return secrets_.Path("password"); }
  std::unique_ptr<AgentUnderTest> StartWithFile() const {
    return Start("password_file = \"" + file() + "\"\n");
  }

  std::string role_;
  TemporaryFolder secrets_;
};

TEST_F(AgentWithPasswordFile, G4_AFileThatOthersCanReadIsNotUsedAndIsSaidToBeSo) {
  Add("0001", "create table a ();\n");
  WritePassword("first", 0644);
  const auto agent = StartWithFile();
  EXPECT_TRUE(agent->program().WaitForMessage("can be read by group or others"));
  EXPECT_EQ(agent->Metric(kUp), 0);
  EXPECT_THAT(agent->Target().at("problem").as_string().c_str(), HasSubstr(file()));
  ::chmod(file().c_str(), 0600);
  EXPECT_TRUE(agent->WaitForHead());
}

TEST_F(AgentWithPasswordFile, D25_APasswordThatWasChangedIsReadFromItsFileAgain) {
  Add("0001", "create table a ();\n");
  const auto agent = StartWithFile();
  ASSERT_TRUE(agent->WaitForHead());
  database_.Sql("alter role " + QuoteIdentifier(role_) + " password 'second'");
  database_.Sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = " +
                QuoteLiteral(role_));
  ASSERT_TRUE(agent->program().WaitForMessage("\"event\":\"database_lost\""));
  EXPECT_EQ(agent->Metric(kUp), 0);
  WritePassword("second", 0600);
  Add("0002", "create table b ();\n");
  ASSERT_TRUE(agent->program().WaitForMessage("\"source\":\"folder\""));
  EXPECT_TRUE(agent->WaitForHead());
  EXPECT_EQ(History(), "0001 0002");
  EXPECT_EQ(agent->Metric(kUp), 1);
}

TEST_F(AgentFaults, G5_AReloadOfABadFileInMidMigrationChangesNothing) {
  const auto agent = StartInMidMigration();
  agent->WriteSettings("refresh = 7\n");
  agent->program().Signal(SIGHUP);
  ASSERT_TRUE(agent->program().WaitForMessage("\"event\":\"settings_refused\""));
  EXPECT_EQ(agent->Metric("lockstep_config_last_reload_successful"), 0);
  HttpClient client = agent->Connect();
  ExpectMigrated(client);
  ExpectAnswers(*agent);
}

TEST_F(AgentFaults, G6_AnotherDatabaseCountsOnlyOnceTheRunHasEnded) {
  const TestDatabase other;
  database_.Sql("create table go (id int)");
  Add("0001", std::string("create table a ();\n") + kRunsUntilGo);
  const auto settings = [this](const TestDatabase& database) {
    return Settings("database_url = \"" + ToConnectionString(database.url()) + "\"\n");
  };
  AgentUnderTest agent(settings(database_), Program::Environment{});
  Program& program = agent.program();
  ASSERT_TRUE(WaitForBody(program));
  agent.WriteSettings(settings(other));
  ASSERT_EQ(agent.Post("/api/v1/reload").status, 200);
  EXPECT_THAT(agent.Target().at("database").as_string().c_str(), HasSubstr(database_.name()));
  EXPECT_EQ(agent.GetJson("/api/v1/runs").at("runs").as_array().size(), 1U);
  Go();
  ASSERT_TRUE(program.WaitForMessage("1 pending; waits for a trigger")) << "a reload begins no run";
  EXPECT_EQ(History(), "0001");
  EXPECT_THAT(agent.Target().at("database").as_string().c_str(), HasSubstr(other.name()));
  EXPECT_EQ(other.Value("select to_regclass('lockstep.history')"), "");
  other.Sql("create table go (id int); insert into go values (1)");
  program.Signal(SIGUSR1);
  EXPECT_TRUE(agent.WaitForHead());
  EXPECT_EQ(other.Value("select string_agg(revision, ' ') from lockstep.history"), "0001");
  EXPECT_EQ(History(), "0001");
}

// ---- Metrics ------------------------------------------------------------------------------------

TEST_F(AgentFaults, M1_AScrapeStormIsAnsweredOrRefusedAndTheMigrationGoesOn) {
  const auto agent = StartInMidMigration();
  HttpClient early = agent->Connect();
  early.Get("/api/v1/ping");
  const std::string address = agent->address();
  double most = 0;
  for (int wave = 0; wave < 5; ++wave) {
    std::vector<HttpClient> storm;
    for (int i = 0; i < 200; ++i) {
      storm.push_back(HttpClient::ToAddress(address));
      storm.back().Send("GET", "/metrics", {}, {{"Connection", "close"}});
    }
    most = std::max(most, MetricBy(early, "process_open_fds"));
    EXPECT_LT(CountRefused(storm), 200);
  }
  EXPECT_LT(most, 200) << "64 that are served, 64 that are told to go, and the agent's own";
  ExpectMigrated(early);
  ExpectAnswers(*agent);
}

TEST_F(AgentFaults, M2_SlowScrapersTakeUpTcpAndNotTheSocket) {
  const auto agent = StartInMidMigration();
  std::vector<HttpClient> slow;
  for (int i = 0; i < 100; ++i) {
    slow.push_back(HttpClient::ToAddress(agent->address()));
    slow.back().SendRaw("GET /metrics HTTP/1.1\r\nHost: ");
  }
  HttpClient late = agent->Connect();
  WaitForMetric(late, kAtLimit, 100 - 48);
  ExpectMigrated(late);
  slow.clear();
  ExpectAnswers(*agent);
}

// What the network does to the agent's connections, by way of a proxy.
enum class Net { kWorks, kCuts, kSwallows };

class NetPolicy : public WirePolicy {
 public:
  explicit NetPolicy(const std::atomic<Net>& net) : net_(net) {}
  WireVerdict OnRequest(const WireMessage&) override {
    if (net_ == Net::kCuts) return WireVerdict::kCut;
    return net_ == Net::kWorks ? WireVerdict::kPass : WireVerdict::kDrop;
  }

 private:
  const std::atomic<Net>& net_;
};

TEST_F(AgentFaults, M3_AScrapeNeverAsksTheDatabase) {
  Add("0001", "create table a ();\n");
  const WireProxy proxy(url_);
  url_ = proxy.url();
  // From now on it looks at the database only when somebody waits for a fresh picture.
  const auto agent = std::make_unique<AgentUnderTest>(
      Settings() + "[target.default]\nrefresh = \"1h\"\n", Environment());
  ASSERT_TRUE(agent->WaitForHead());
  const auto asked = [&] {
    long long bytes = 0;
    for (const WireCount& each : proxy.connections()) bytes += each.bytes_to_server;
    return std::pair(proxy.connections().size(), bytes);
  };
  HttpClient client = agent->Connect();
  const auto asked_by_scrapes = [&] {
    const auto before = asked();
    for (int i = 0; i < 100; ++i) EXPECT_EQ(MetricBy(client, kUp), 1);
    return asked() != before;
  };
  // What it still looks at after its start comes to an end.
  bool always = true;
  for (int i = 0; i < 5 && always; ++i) always = asked_by_scrapes();
  EXPECT_FALSE(always);
}

TEST_F(AgentFaults, M3_WhileTheDatabaseIsAwayScrapesAreAnsweredWithoutTryingToReachIt) {
  Add("0001", "create table a ();\n");
  std::atomic<Net> net = Net::kWorks;
  const WireProxy proxy(url_, [&net] { return std::make_unique<NetPolicy>(net); });
  url_ = proxy.url();
  const auto agent = Start();
  ASSERT_TRUE(agent->WaitForHead());
  net = Net::kCuts;
  ASSERT_TRUE(agent->program().WaitForMessage("\"event\":\"database_lost\""));
  // Whoever connects from now on waits for an answer for ten seconds.
  net = Net::kSwallows;
  const std::size_t before = proxy.connections().size();
  HttpClient client = agent->Connect();
  constexpr int kScrapes = 200;
  for (int i = 0; i < kScrapes; ++i) EXPECT_EQ(MetricBy(client, kUp), 0);
  EXPECT_LT(proxy.connections().size() - before, std::size_t{kScrapes} / 10);
  EXPECT_EQ(client.Get("/api/v1/readiness").status, 503);
  EXPECT_EQ(client.Get("/api/v1/health").status, 200);
}

TEST_F(AgentFaults, M4_APortThatIsTakenEndsTheAgentBeforeItBeginsAnything) {
  Add("0001", "create table a ();\n");
  const auto first = Start("apply.on_start = \"off\"\n");
  const TemporaryFolder other;
  Program second(
      {"--dir", migrations_.path(), "--socket", other.Path("s"), "--listen", first->address()},
      Environment(), "", LOCKSTEP_AGENT);
  const ProgramEnd end = second.Wait();
  EXPECT_EQ(end.exit_code, 78);
  EXPECT_THAT(end.messages, HasSubstr(first->address()));
  EXPECT_EQ(database_.Value("select to_regclass('lockstep.history')"), "");
  EXPECT_FALSE(std::filesystem::exists(other.Path("s")));
}

TEST_F(AgentFaults, M5_NeitherMigrationsNorRequestsMakeNewSeries) {
  const auto series_of = [](const AgentUnderTest& agent) {
    std::set<std::string> names;
    for (const auto& [series, value] : agent.Metrics().values) names.insert(ToText(series));
    return names;
  };
  const auto agent = Start();
  ASSERT_TRUE(agent->WaitForHead());
  const std::set<std::string> before = series_of(*agent);
  for (int i = 1000; i < 1200; ++i) Add(std::to_string(i), "select 1;\n");
  Add("1200", "select * from nowhere;\n");
  ASSERT_TRUE(agent->program().WaitForMessage("waits for a trigger"));
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(
        agent->Get("/api/v1/runs/" + std::to_string(i) + "/events?x=" + std::to_string(i)).status,
        404);
    EXPECT_EQ(agent->Get("/nothing/" + std::to_string(i)).status, 404);
  }
  EXPECT_EQ(agent->Connect().Request("BREW", "/metrics").status, 405);
  EXPECT_EQ(series_of(*agent), before);
}

// ---- The process --------------------------------------------------------------------------------

TEST_F(AgentFaults, P12_TenThousandSignalsInMidMigrationLeaveItAlone) {
  const auto agent = StartInMidMigration();
  for (int i = 0; i < 10'000; ++i) {
    ::kill(agent->program().pid(), i % 2 == 0 ? SIGUSR1 : SIGHUP);
  }
  HttpClient client = agent->Connect();
  ExpectMigrated(client);
  ExpectAnswers(*agent);
}

// By a shell, which puts it in the place of standard error.
std::vector<std::string> LogTo(const std::string& path) {
  return {"/bin/sh", "-c", "exec \"$@\" 2>\"$0\"", path};
}

TEST_F(AgentFaults, P14_ALogThatCannotBeWrittenStopsNoMigration) {
  const auto agent = StartInMidMigration("log.level = \"debug\"\n", LogTo("/dev/full"));
  HttpClient client = agent->Connect();
  ExpectMigrated(client);
  EXPECT_GT(MetricBy(client, "lockstep_log_dropped_total{reason=\"sink\"}"), 0);
  EXPECT_EQ(client.Get("/api/v1/readiness").status, 200);
  EXPECT_EQ(agent->Stop().exit_code, 0);
}

TEST_F(AgentFaults, P15_ALogThatNobodyReadsStopsNoMigration) {
  const TemporaryFolder folder;
  const std::string log = folder.Path("log");
  ASSERT_EQ(::mkfifo(log.c_str(), 0600), 0);
  // Open for reading, so that it has a reader, which never reads.
  const Descriptor reader(::open(log.c_str(), O_RDWR | O_CLOEXEC));
  database_.Sql("create table go (id int); create table effects (revision text)");
  Add("0001",
      "do $$ begin for i in 1..5000 loop raise notice 'row % of many', i; end loop; end $$;\n"
      "insert into effects values ('0001');\n" +
          std::string(kRunsUntilGo));
  AgentUnderTest agent(Settings("log.level = \"debug\"\n"), Environment(), LogTo(log));
  ASSERT_TRUE(WaitForBody(agent.program()));
  HttpClient client = agent.Connect();
  ExpectMigrated(client);
  EXPECT_GT(MetricBy(client, "lockstep_log_dropped_total{reason=\"queue\"}"), 0);
  EXPECT_EQ(client.Get("/api/v1/readiness").status, 200);
  EXPECT_EQ(agent.Stop().exit_code, 0);
}

TEST_F(AgentFaults, P16_AFloodThatTakesTheLastDescriptorsLeavesTheMigrationAlone) {
  const auto agent = StartInMidMigration({}, {"/usr/bin/prlimit", "--nofile=48"});
  HttpClient early = agent->Connect();
  early.Get("/api/v1/ping");
  std::vector<HttpClient> flood;
  for (int i = 0; i < 120; ++i) {
    flood.push_back(i % 2 == 0 ? agent->Connect() : HttpClient::ToAddress(agent->address()));
    // Who was answered once may stay for a minute.
    flood.back().Send("GET", "/api/v1/ping");
  }
  ExpectMigrated(early);
  // What begins while the flood lasts needs descriptors, too: for the folder's files and sessions.
  Add("0002", "create table b ();\n");
  ASSERT_TRUE(agent->program().WaitForMessage("\"source\":\"folder\""))
      << agent->program().messages();
  EXPECT_EQ(GetJson(early, "/api/v1/wait?timeout=3min").at("state"), "reached");
  EXPECT_EQ(History(), "0001 0002");
  EXPECT_THAT(agent->program().messages(), Not(HasSubstr("database_lost")));
  flood.clear();
  ExpectAnswers(*agent);
}

// ---- The database -------------------------------------------------------------------------------

TEST_F(AgentFaults, N1_ADatabaseThatRefusesIsTriedAgainAndLoggedOnce) {
  url_ = database_.url().With("host", "127.0.0.1").With("port", "1");
  const auto agent = Start();
  HttpClient client = agent->Connect();
  WaitForMetric(client, kFailedAttempts, 4);
  EXPECT_EQ(MetricBy(client, kUp), 0);
  EXPECT_EQ(client.Get("/api/v1/readiness").status, 503);
  const std::string messages = agent->Stop().messages;
  EXPECT_EQ(CountOf(messages, "\"event\":\"database_lost\""), 1) << messages;
}

// The agent sees a database that takes no changes: it says why, takes no lock, and tries with
// growing pauses (ReconcilerTest.ARunThatBrokeIsTriedAgainAfterAPause). Once `open` has let changes
// in, a trigger is enough.
constexpr const char* kLocks =
    "lockstep_lock_attempts_total{result=\"acquired\",target=\"default\"}";

TEST_F(AgentFaults, D5_AReadOnlyDatabaseIsLeftAloneUntilItTakesChanges) {
  Add("0001", "create table a ();\n");
  const std::string alter = "alter database " + QuoteIdentifier(database_.name());
  database_.Sql(alter + " set default_transaction_read_only = on");
  const auto agent = Start();
  ASSERT_TRUE(agent->program().WaitForMessage("passive: the session is read-only"));
  EXPECT_EQ(agent->Get("/api/v1/readiness").status, 503);
  ExpectPassive(*agent, "read_only");
  EXPECT_EQ(agent->Metric(kLocks), 0);
  EXPECT_EQ(database_.Value("select to_regclass('lockstep.history')"), "");
  database_.Sql("begin read write; " + alter + " reset default_transaction_read_only; commit");
  agent->program().Signal(SIGUSR1);
  EXPECT_TRUE(agent->WaitForHead());
  EXPECT_EQ(History(), "0001");
}

TEST_F(AgentFaults, D8_ARoleWithoutRightsIsLeftAloneUntilItHasThem) {
  Add("0001", "select 1;\n");
  const std::string role = database_.CreateRole("app", "pw");
  url_ = database_.UrlAs(role, "pw");
  const auto agent = Start();
  ASSERT_TRUE(agent->program().WaitForMessage("passive: the role \\\"" + role + "\\\" may not"));
  ExpectPassive(*agent, "permission");
  database_.Sql("grant create on database " + QuoteIdentifier(database_.name()) + " to " +
                QuoteIdentifier(role));
  agent->program().Signal(SIGUSR1);
  EXPECT_TRUE(agent->WaitForHead());
  EXPECT_EQ(History(), "0001");
}

// A server of its own that replays a primary which is not there.
class StandbyServer {
 public:
  StandbyServer() : sandbox_({.detach = true}) {
    std::ofstream(data() + "/standby.signal").close();
    struct stat about {};
    ::stat(data().c_str(), &about);
    SubprocessRequest restart;
    restart.command = {FindPostgresProgram("pg_ctl").value(),
                       "restart",
                       "--wait",
                       "--mode=fast",
                       "--pgdata",
                       data(),
                       "--log",
                       sandbox_.directory() + "/log"};
    if (::geteuid() == 0) restart.run_as_uid = about.st_uid;
    restart.working_directory = sandbox_.directory();
    const SubprocessResult result = RunSubprocess(restart);
    EXPECT_TRUE(result.ok()) << result.output << result.error_output;
  }
  ~StandbyServer() { StopSandbox(sandbox_.directory()); }
  StandbyServer(const StandbyServer&) = delete;
  StandbyServer& operator=(const StandbyServer&) = delete;

  const ConnectionUrl& url() const { return sandbox_.url(); }
  std::string Value(const std::string& query) const {
    return OpenSession(url(), {.purpose = "test"}).session->Query(query).Text(0, 0);
  }

 private:
  std::string data() const { return sandbox_.directory() + "/data"; }
  Sandbox sandbox_;
};

TEST_F(AgentFaults, N12_AStandbyIsLeftAloneUntilItIsThePrimary) {
  Add("0001", "create table a ();\n");
  const StandbyServer server;
  url_ = server.url();
  const auto agent = Start();
  ASSERT_TRUE(agent->program().WaitForMessage("passive: the server is a standby"));
  EXPECT_EQ(agent->Get("/api/v1/readiness").status, 503);
  ExpectPassive(*agent, "standby");
  EXPECT_EQ(agent->Metric(kUp), 1);
  EXPECT_EQ(agent->Metric(kLocks), 0);
  EXPECT_EQ(server.Value("select pg_promote()::text"), "true");
  agent->program().Signal(SIGUSR1);
  EXPECT_TRUE(agent->WaitForHead());
  EXPECT_EQ(server.Value("select string_agg(revision, ' ') from lockstep.history"), "0001");
  EXPECT_EQ(agent->Stop().exit_code, 0);
}

}  // namespace
}  // namespace lockstep
