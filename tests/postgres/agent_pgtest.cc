// The real agent: what it does by itself, by signals, and by requests.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <csignal>

#include "support/agent_fixture.h"

namespace lockstep {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kBegun = "\"event\":\"migration_begun\"";

class AgentTest : public AgentFixture {
 protected:
  std::string Section(const std::string& name, const ConnectionUrl& url) const {
    return "[target." + name + "]\ndatabase_url = \"" + ToConnectionString(url) + "\"\ndir = \"" +
           migrations_.path() + "\"\n";
  }
};

// ---- By itself ----------------------------------------------------------------------------------

TEST_F(AgentTest, AppliesWhatIsPendingAtItsStartAndIsReady) {
  Add("0001", "create table a ();\n");
  Add("0002", "create table b ();\n");
  const auto agent = Start();
  ASSERT_TRUE(agent->WaitForHead());
  EXPECT_EQ(History(), "0001 0002");
  EXPECT_EQ(agent->Get("/api/v1/readiness").status, 200);
  EXPECT_EQ(agent->Metric("lockstep_migrations_applied{target=\"default\"}"), 2);
  EXPECT_EQ(agent->Metric("lockstep_migration_runs_total{result=\"done\",target=\"default\"}"), 1);
  EXPECT_EQ(agent->Stop().exit_code, 0);
}

// What the status knew before the run was told to the metrics only after it: an agent in its first
// migration, which may take hours, seemed to have no database and nothing to do.
TEST_F(AgentTest, TheMetricsShowTheDatabaseAlreadyDuringTheFirstRun) {
  database_.Sql("create table go (id int)");
  Add("0001", kRunsUntilGo);
  const auto agent = Start();
  ASSERT_TRUE(WaitForBody(agent->program()));
  EXPECT_EQ(agent->Metric("lockstep_postgres_up{target=\"default\"}"), 1);
  EXPECT_EQ(agent->Metric("lockstep_migrations_pending{target=\"default\"}"), 1);
  Go();
  EXPECT_TRUE(agent->WaitForHead());
}

TEST_F(AgentTest, AppliesWhatIsPutIntoTheFolder) {
  Add("0001", "create table a ();\n");
  const auto agent = Start();
  ASSERT_TRUE(agent->WaitForHead());
  Add("0002", "create table b ();\n");
  EXPECT_TRUE(agent->program().WaitForMessage("\"source\":\"folder\""));
  ASSERT_TRUE(agent->WaitForHead());
  EXPECT_EQ(History(), "0001 0002");
}

// Faults: F1.
TEST_F(AgentTest, HalfAFolderIsNotApplied) {
  migrations_.Write("SHA256SUMS", std::string(64, '0') + "  0001.up.sql\n");
  Add("0001", "create table a (");
  const auto agent = Start();
  EXPECT_TRUE(agent->program().WaitForMessage("the folder is not complete"));
  EXPECT_EQ(agent->Get("/api/v1/readiness").status, 503);
  EXPECT_EQ(database_.Value("select to_regclass('lockstep.history')"), "");
}

TEST_F(AgentTest, ADatabaseThatIsAwayIsWaitedForAndSaidToBeAway) {
  Add("0001", "create table a ();\n");
  url_ = database_.url().With("host", "127.0.0.1").With("port", "1");
  const auto agent = Start();
  EXPECT_TRUE(agent->program().WaitForMessage("\"event\":\"database_lost\""));
  EXPECT_EQ(agent->Get("/api/v1/health").status, 200);
  const HttpAnswer readiness = agent->Get("/api/v1/readiness");
  EXPECT_EQ(readiness.status, 503);
  EXPECT_EQ(agent->Metric("lockstep_postgres_up{target=\"default\"}"), 0);
  EXPECT_GE(
      agent->Metric(
          "lockstep_postgres_connection_attempts_total{result=\"failure\",target=\"default\"}"),
      1);
  EXPECT_EQ(agent->Stop().exit_code, 0);
}

TEST_F(AgentTest, AFailedMigrationIsShownEverywhereAndWaitsForATrigger) {
  Add("0001", "select * from nowhere;\n");
  const auto agent = Start();
  EXPECT_TRUE(agent->program().WaitForMessage("waits for a trigger"));
  const json::object wait = agent->GetJson("/api/v1/wait?timeout=3min");
  EXPECT_EQ(wait.at("state"), "failed");
  EXPECT_EQ(wait.at("failure").at("sqlstate"), "42P01");
  EXPECT_EQ(agent->Metric("lockstep_migrations_failed{target=\"default\"}"), 1);
  EXPECT_EQ(agent->Target().at("reason"), "revision \"0001\" failed, or awaits resolution");
  migrations_.Write("0001.up.sql", "create table a ();\n");
  EXPECT_TRUE(agent->program().WaitForMessage("\"msg\":\"up to date\""));
  EXPECT_EQ(History(), "0001");
}

TEST_F(AgentTest, AnOlderReleaseLeavesADatabaseThatIsAheadAloneAndIsReadyByPolicy) {
  Add("0001", "create table a ();\n");
  Add("0002", "create table b ();\n");
  ASSERT_TRUE(Start()->WaitForHead());
  migrations_.Remove("0002.up.sql");
  migrations_.Remove("0002.down.sql");
  {
    const auto older = Start();
    EXPECT_TRUE(older->program().WaitForMessage("the database is ahead of this folder"));
    EXPECT_EQ(older->Get("/api/v1/readiness").status, 200);
    EXPECT_EQ(older->Metric("lockstep_migrations_ahead{target=\"default\"}"), 1);
  }
  const auto strict = Start("ready_when_ahead = \"off\"\n");
  EXPECT_TRUE(strict->program().WaitForMessage("the database is ahead of this folder"));
  EXPECT_EQ(strict->Get("/api/v1/readiness").status, 503);
  EXPECT_EQ(History(), "0001 0002");
}

// ---- By signals ---------------------------------------------------------------------------------

// Faults: P10.
TEST_F(AgentTest, TermLetsTheMigrationThatRunsFinishAndBeginsNoOther) {
  database_.Sql("create table go (id int)");
  Add("0001", kRunsUntilGo);
  Add("0002", "create table b ();\n");
  const auto agent = Start();
  ASSERT_TRUE(WaitForBody(agent->program()));
  agent->program().Signal(SIGTERM);
  ASSERT_TRUE(agent->program().WaitForMessage("\"event\":\"agent_stopping\""));
  Go();
  EXPECT_EQ(agent->program().Wait().exit_code, 0);
  EXPECT_EQ(History(), "0001");
}

// Faults: P11.
TEST_F(AgentTest, ASecondTermCancelsAndRollsBack) {
  database_.Sql("create table go (id int)");
  Add("0001", std::string("create table a ();\n") + kRunsUntilGo);
  const auto agent = Start();
  ASSERT_TRUE(WaitForBody(agent->program()));
  agent->program().Signal(SIGTERM);
  ASSERT_TRUE(agent->program().WaitForMessage("\"event\":\"agent_stopping\""));
  agent->program().Signal(SIGTERM);
  EXPECT_EQ(agent->program().Wait().exit_code, 0);
  EXPECT_EQ(database_.Value("select to_regclass('public.a')"), "");
}

// Faults: P10.
TEST_F(AgentTest, AfterTheGraceTheMigrationIsCancelled) {
  database_.Sql("create table go (id int)");
  Add("0001", kRunsUntilGo);
  const auto agent = Start("shutdown.grace = \"10ms\"\n");
  ASSERT_TRUE(WaitForBody(agent->program()));
  EXPECT_EQ(agent->Stop().exit_code, 0);
  EXPECT_EQ(History(), "");
}

TEST_F(AgentTest, QuitLeavesAtOnce) {
  database_.Sql("create table go (id int)");
  Add("0001", kRunsUntilGo);
  const auto agent = Start();
  ASSERT_TRUE(WaitForBody(agent->program()));
  agent->program().Signal(SIGQUIT);
  EXPECT_EQ(agent->program().Wait().exit_code, 128 + SIGQUIT);
}

// Connecting to where nobody answers takes 10 s, and a stop waited for it.
// Faults: N2.
TEST_F(AgentTest, AConnectionThatDoesNotComeAboutHoldsUpNoStop) {
  Add("0001", "create table a ();\n");
  const Descriptor silent(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(silent.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(silent.get(), 5), 0);
  ::getsockname(silent.get(), reinterpret_cast<sockaddr*>(&address), &size);
  AgentUnderTest agent(Settings("shutdown.grace = \"10ms\"\n"),
                       {{"DATABASE_URL", "postgresql://nobody@127.0.0.1:" +
                                             std::to_string(ntohs(address.sin_port)) + "/none"}});
  // It has connected, and waits for a word.
  const Descriptor heard(::accept4(silent.get(), nullptr, nullptr, SOCK_CLOEXEC));
  const ProgramEnd end = agent.Stop();
  EXPECT_EQ(end.exit_code, 0);
  EXPECT_THAT(end.messages, HasSubstr("\"event\":\"agent_leaves\""));
}

TEST_F(AgentTest, UsrOneAppliesWhatIsPending) {
  Add("0001", "create table a ();\n", "drop table a;\n");
  const auto agent = Start("apply.on_start = \"off\"\n");
  ASSERT_TRUE(agent->program().WaitForMessage("1 pending; waits for a trigger"));
  agent->program().Signal(SIGUSR1);
  EXPECT_TRUE(agent->WaitForHead());
  EXPECT_EQ(agent->Metric("lockstep_triggers_total{source=\"signal\",target=\"default\"}"), 1);
}

// Faults: P12.
TEST_F(AgentTest, TenThousandSignalsAreAtMostAFewRunsAndTheAgentLives) {
  Add("0001", "create table a ();\n", "drop table a;\n");
  const auto agent = Start();
  ASSERT_TRUE(agent->WaitForHead());
  for (int i = 0; i < 10'000; ++i) {
    ::kill(agent->program().pid(), i % 2 == 0 ? SIGUSR1 : SIGHUP);
  }
  ASSERT_TRUE(agent->WaitForHead());
  EXPECT_EQ(agent->Get("/api/v1/ping").status, 200);
  EXPECT_EQ(agent->GetJson("/api/v1/runs").at("runs").as_array().size(), 1U)
      << "with nothing pending no run is begun";
  EXPECT_EQ(agent->Stop().exit_code, 0);
}

TEST_F(AgentTest, UsrTwoWritesTheStateToTheLog) {
  const auto agent = Start();
  agent->program().Signal(SIGUSR2);
  EXPECT_TRUE(agent->program().WaitForMessage("\"event\":\"state_dump\""));
}

// ---- Reload -------------------------------------------------------------------------------------

TEST_F(AgentTest, AReloadBringsNewSettingsAndNeverARun) {
  Add("0001", "create table a ();\n");
  const auto agent = Start("apply.on_start = \"off\"\n");
  ASSERT_TRUE(agent->program().WaitForMessage("1 pending"));
  agent->WriteSettings(Settings("apply.on_start = \"on\"\nlog.level = \"debug\"\n"));
  agent->program().Signal(SIGHUP);
  ASSERT_TRUE(agent->program().WaitForMessage("\"event\":\"settings_reloaded\""));
  EXPECT_EQ(agent->GetJson("/api/v1/status").at("agent").at("log_level"), "debug");
  EXPECT_EQ(agent->GetJson("/api/v1/runs").at("runs").as_array().size(), 0U);
}

// Faults: G5.
TEST_F(AgentTest, ABadFileLeavesTheOldSettingsAndIsShownInMetricLogAndAnswer) {
  Add("0001", "create table a ();\n");
  const auto agent = Start();
  ASSERT_TRUE(agent->WaitForHead());
  agent->WriteSettings(Settings("lock_timeoutt = \"2s\"\n"));
  const HttpAnswer answer = agent->Post("/api/v1/reload");
  EXPECT_EQ(answer.status, 422);
  EXPECT_THAT(answer.body, HasSubstr("lock_timeoutt"));
  EXPECT_TRUE(agent->program().WaitForMessage("\"event\":\"settings_refused\""));
  EXPECT_EQ(agent->Metric("lockstep_config_last_reload_successful"), 0);
  EXPECT_THAT(json::serialize(agent->GetJson("/api/v1/status").at("agent").at("config_problem")),
              HasSubstr("lock_timeoutt"));
  EXPECT_EQ(agent->Get("/api/v1/readiness").status, 200);
  agent->WriteSettings(Settings());
  EXPECT_EQ(agent->Post("/api/v1/reload").status, 200);
  EXPECT_EQ(agent->Metric("lockstep_config_last_reload_successful"), 1);
}

TEST_F(AgentTest, TargetsComeAndGoWithAReload) {
  Add("0001", "create table a ();\n");
  const auto agent = Start();
  ASSERT_TRUE(agent->WaitForHead());
  const TestDatabase other;
  // A URL in the file would have to be private, and the environment's counts for one target only.
  agent->WriteSettings("refresh = \"1s\"\nfolder.settle = \"0\"\n" +
                       Section("one", database_.url()));
  const HttpAnswer answer = agent->Post("/api/v1/reload");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(agent->Target().at("name"), "one");
  ASSERT_TRUE(agent->WaitForHead());
}

// The reload made a worker for the target that was new, which nobody told of the end: it applied
// its migrations, and the agent waited for it for ever.
TEST_F(AgentTest, AReloadAfterTermBeginsNothing) {
  database_.Sql("create table go (id int)");
  Add("0001", kRunsUntilGo);
  const TestDatabase other;
  const auto agent = Start();
  ASSERT_TRUE(WaitForBody(agent->program()));
  agent->program().Signal(SIGTERM);
  ASSERT_TRUE(agent->program().WaitForMessage("\"event\":\"agent_stopping\""));
  agent->WriteSettings("folder.settle = \"0\"\n" + Section("late", other.url()));
  agent->program().Signal(SIGHUP);
  ASSERT_TRUE(agent->program().WaitForMessage("SIGHUP"));
  Go();
  const ProgramEnd end = agent->program().Wait();
  EXPECT_EQ(end.exit_code, 0);
  EXPECT_THAT(end.messages, Not(HasSubstr("\"target\":\"late\"")));
}

// Its first worker still had the run; the second one, of the same name, took that for its own.
TEST_F(AgentTest, ATargetWhoseLastRunIsUnderWayDoesNotComeBackBeforeItHasEnded) {
  database_.Sql("create table go (id int)");
  Add("0001", kRunsUntilGo);
  const TestDatabase other;
  const auto agent = Start();
  ASSERT_TRUE(WaitForBody(agent->program()));
  agent->WriteSettings("folder.settle = \"0\"\napply.on_start = \"off\"\n" +
                       Section("other", other.url()));
  ASSERT_EQ(agent->Post("/api/v1/reload").status, 200);
  agent->WriteSettings(agent->settings());
  const HttpAnswer refused = agent->Post("/api/v1/reload");
  EXPECT_EQ(refused.status, 422);
  EXPECT_THAT(refused.body, HasSubstr("its last run is still under way"));
  Go();
  ASSERT_TRUE(agent->program().WaitForMessage("\"event\":\"run_ended\""));
  while (agent->Post("/api/v1/reload").status != 200) {
  }
  ASSERT_TRUE(agent->WaitForHead());
  EXPECT_EQ(History(), "0001");
}

// It went on waiting for the lock, and applied what it was no longer there for.
TEST_F(AgentTest, AStandbyThatIsTakenOutOfTheSettingsGivesUp) {
  database_.Sql("create table go (id int)");
  Add("0001", kRunsUntilGo);
  Add("0002", "create table b ();\n");
  const TestDatabase other;
  auto leader = Start();
  ASSERT_TRUE(WaitForBody(leader->program()));
  const auto standby = Start();
  ASSERT_TRUE(standby->program().WaitForMessage("\"event\":\"migration_lock_waiting\""));
  const std::string id(standby->GetJson("/api/v1/runs").at("runs").at(0).at("id").as_string());
  standby->WriteSettings("folder.settle = \"0\"\napply.on_start = \"off\"\n" +
                         Section("other", other.url()));
  ::chmod(standby->config().c_str(), 0600);
  ASSERT_EQ(standby->Post("/api/v1/reload").status, 200);
  const auto lines = standby->FollowToItsEnd(id);
  EXPECT_THAT(lines.back(), HasSubstr("\"event\":\"ended\""));
  EXPECT_EQ(History(), "");
  Go();
}

// ---- By requests --------------------------------------------------------------------------------

TEST_F(AgentTest, ARunByTheSocketIsFollowedFromBeginningToEnd) {
  Add("0001", "create table a ();\n", "drop table a;\n");
  Add("0002", "create table b ();\n", "drop table b;\n");
  const auto agent = Start();
  ASSERT_TRUE(agent->WaitForHead());
  const json::object run = agent->RunToItsEnd(R"({"command":"downgrade","goal":"-1"})");
  EXPECT_EQ(run.at("exit_code"), 0);
  EXPECT_EQ(run.at("document").at("rolled_back").at(0).at("revision"), "0002");
  const auto lines = agent->FollowToItsEnd(std::string(run.at("id").as_string()));
  ASSERT_GE(lines.size(), 3U);
  EXPECT_THAT(lines.back(), HasSubstr("\"event\":\"ended\""));
  EXPECT_EQ(database_.Value("select to_regclass('public.b')"), "");
  EXPECT_EQ(agent->RunToItsEnd(R"({"command":"upgrade"})").at("document").at("state"), "done");
  EXPECT_TRUE(agent->program().WaitForMessage("\"event\":\"change_requested\""));
}

TEST_F(AgentTest, ADowngradeToBaseWantsAYes) {
  Add("0001", "create table a ();\n", "drop table a;\n");
  const auto agent = Start();
  ASSERT_TRUE(agent->WaitForHead());
  const json::object refused = agent->RunToItsEnd(R"({"command":"downgrade","goal":"base"})");
  EXPECT_EQ(refused.at("exit_code"), 2);
  const json::object done =
      agent->RunToItsEnd(R"({"command":"downgrade","goal":"base","yes":true})");
  EXPECT_EQ(done.at("exit_code"), 0);
  EXPECT_EQ(database_.Value("select to_regclass('public.a')"), "");
}

TEST_F(AgentTest, ARunIsCancelledByARequest) {
  database_.Sql("create table go (id int)");
  Add("0001", std::string("create table a ();\n") + kRunsUntilGo);
  const auto agent = Start();
  ASSERT_TRUE(WaitForBody(agent->program()));
  const std::string id(agent->Target().at("run").at("id").as_string());
  EXPECT_EQ(agent->Connect().Request("DELETE", "/api/v1/runs/" + id + "?now=true").status, 202);
  agent->FollowToItsEnd(id);
  EXPECT_EQ(agent->GetJson("/api/v1/runs/" + id).at("document").at("state"), "stopped");
  EXPECT_EQ(database_.Value("select to_regclass('public.a')"), "");
}

TEST_F(AgentTest, WhilePausedNothingIsBegunAndResumingGoesOn) {
  Add("0001", "create table a ();\n");
  const auto agent = Start("apply.on_start = \"off\"\n");
  EXPECT_EQ(agent->Post("/api/v1/pause").status, 200);
  EXPECT_EQ(agent->Post("/api/v1/runs", R"({"command":"upgrade"})").status, 409);
  ASSERT_TRUE(agent->program().WaitForMessage("paused: begins nothing"));
  agent->program().Signal(SIGUSR1);
  EXPECT_EQ(agent->Post("/api/v1/runs", R"({"command":"upgrade"})").status, 409);
  EXPECT_EQ(database_.Value("select to_regclass('lockstep.history')"), "");
  agent->Post("/api/v1/resume");
  EXPECT_TRUE(agent->WaitForHead());
}

TEST_F(AgentTest, OverTcpThereIsReadingOnly) {
  const auto agent = Start();
  HttpClient client = HttpClient::ToAddress(agent->address());
  EXPECT_EQ(client.Get("/api/v1/status").status, 200);
  EXPECT_EQ(client.Request("POST", "/api/v1/runs", R"({"command":"upgrade"})").status, 403);
  EXPECT_EQ(client.Request("POST", "/api/v1/pause").status, 403);
}

TEST_F(AgentTest, HooksRunAndBackupsAreWrittenAsByTheCommandLine) {
  Add("0001", "create table a ();\n");
  TemporaryFolder place;
  const auto agent = Start("[backup]\ndirectory = \"" + place.Path("backups") +
                           "\"\n[hooks]\nafter_migration = [\"/usr/bin/touch\", \"" +
                           place.Path("hook-ran") + "\"]\n");
  ASSERT_TRUE(agent->WaitForHead()) << agent->program().messages();
  EXPECT_TRUE(std::filesystem::exists(place.Path("hook-ran")));
  EXPECT_TRUE(agent->program().WaitForMessage("\"event\":\"backup_written\""));
  EXPECT_EQ(agent->Metric("lockstep_hook_runs_total{hook=\"after_migration\",result=\"success\","
                          "target=\"default\"}"),
            1);
  EXPECT_GT(agent->Metric("lockstep_backup_size_bytes{target=\"default\"}"), 0);
}

TEST_F(AgentTest, AHookThatSaysNoKeepsTheMigrationOut) {
  Add("0001", "create table a ();\n");
  const auto agent = Start("[hooks]\nbefore_run = [\"/bin/false\"]\n");
  EXPECT_TRUE(agent->program().WaitForMessage("\"event\":\"run_failed\""));
  EXPECT_EQ(database_.Value("select to_regclass('public.a')"), "");
  EXPECT_EQ(
      agent->Metric(
          "lockstep_hook_runs_total{hook=\"before_run\",result=\"failure\",target=\"default\"}"),
      1);
}

// ---- What is in the way of its start ------------------------------------------------------------

// Faults: P19.
TEST_F(AgentTest, ASecondAgentOnTheSameSocketIsRefusedAndNamesTheFirst) {
  const auto agent = Start();
  Program second({"--config", agent->config()}, Environment(), "", LOCKSTEP_AGENT);
  const ProgramEnd end = second.Wait();
  EXPECT_EQ(end.exit_code, 78);
  EXPECT_THAT(end.messages, HasSubstr(std::to_string(agent->program().pid())));
}

// Faults: M4.
TEST_F(AgentTest, APortThatIsInUseIsSaidToBeSo) {
  const auto agent = Start();
  TemporaryFolder other;
  Program second({"--socket", other.Path("s"), "--listen", agent->address()}, Environment(), "",
                 LOCKSTEP_AGENT);
  const ProgramEnd end = second.Wait();
  EXPECT_EQ(end.exit_code, 78);
  EXPECT_THAT(end.messages, HasSubstr(agent->address()));
}

// Faults: C6.
TEST_F(AgentTest, ASocketThatAKilledAgentLeftBehindIsReplaced) {
  auto agent = Start();
  agent->program().Signal(SIGKILL);
  agent->program().Wait();
  Program again({"--config", agent->config()}, Environment(), "", LOCKSTEP_AGENT);
  ASSERT_TRUE(again.WaitForMessage("\"event\":\"agent_started\"")) << again.messages();
  EXPECT_EQ(agent->Get("/api/v1/ping").status, 200);
}

// ---- Several agents -----------------------------------------------------------------------------

// Faults: P2.
TEST_F(AgentTest, OfFiveAgentsOneAppliesAndWhenItIsKilledAnotherFinishes) {
  database_.Sql("create table go (id int); create table effects (revision text)");
  Add("0001", "insert into effects values ('0001');\n");
  Add("0002", std::string("insert into effects values ('0002');\n") + kRunsUntilGo);
  Add("0003", "insert into effects values ('0003');\n");
  std::vector<std::unique_ptr<AgentUnderTest>> agents;
  for (int i = 0; i < 5; ++i) agents.push_back(Start());
  ASSERT_TRUE(WaitForBody(agents[0]->program()));
  std::size_t leader = agents.size();
  for (std::size_t i = 0; i < agents.size(); ++i) {
    if (agents[i]->Metric("lockstep_leader{target=\"default\"}") == 1) leader = i;
  }
  ASSERT_LT(leader, agents.size());
  agents[leader]->program().Signal(SIGKILL);
  agents[leader]->program().Wait();
  Go();
  agents.erase(agents.begin() + static_cast<std::ptrdiff_t>(leader));
  for (const auto& agent : agents) EXPECT_TRUE(agent->WaitForHead());
  EXPECT_EQ(History(), "0001 0002 0003");
  EXPECT_EQ(database_.Value("select string_agg(revision, ' ' order by revision) from effects"),
            "0001 0002 0003");
}

TEST_F(AgentTest, AStandbyTakesNewSettingsWhileItWaits) {
  database_.Sql("create table go (id int)");
  Add("0001", kRunsUntilGo);
  const auto leader = Start();
  ASSERT_TRUE(WaitForBody(leader->program()));
  const auto standby = Start();
  ASSERT_TRUE(standby->program().WaitForMessage("\"event\":\"migration_lock_waiting\""));
  EXPECT_EQ(standby->Post("/api/v1/pause").status, 200);
  EXPECT_TRUE(standby->program().WaitForMessage("paused: begins nothing"));
  Go();
  EXPECT_TRUE(leader->WaitForHead());
  EXPECT_EQ(History(), "0001");
}

TEST_F(AgentTest, NoPasswordIsInLogsMetricsAnswersOrTheProcessList) {
  const std::string canary = "canary-7f3a";
  const std::string role = database_.CreateRole("agent", canary);
  Add("0001", "create table a ();\n");
  url_ = database_.UrlAs(role, canary);
  const auto agent = Start();
  agent->program().Signal(SIGUSR2);
  ASSERT_TRUE(agent->program().WaitForMessage("state_dump"));
  std::string all = agent->Get("/metrics").body + agent->Get("/").body +
                    agent->Get("/api/v1/status").body + agent->Get("/api/v1/plan").body;
  std::ifstream arguments("/proc/" + std::to_string(agent->program().pid()) + "/cmdline");
  all.append(std::istreambuf_iterator<char>(arguments), {});
  all += agent->Stop().messages;
  EXPECT_EQ(all.find(canary), std::string::npos);
}

}  // namespace
}  // namespace lockstep
