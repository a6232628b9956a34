// What the running agent tells systemd, and takes from it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "support/agent_fixture.h"
#include "support/notify_socket.h"

namespace lockstep {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class AgentSystemd : public AgentFixture {
 protected:
  std::unique_ptr<AgentUnderTest> StartNotifying(const std::string& more = {},
                                                 const Program::Environment& also = {}) const {
    Program::Environment environment = Environment();
    environment["NOTIFY_SOCKET"] = manager_.path();
    environment.insert(also.begin(), also.end());
    return std::make_unique<AgentUnderTest>(Settings(more), environment);
  }

  mutable NotifySocket manager_;
};

TEST_F(AgentSystemd, IsReadyAsSoonAsItsDoorsAreOpenWhereTheDatabaseIsAway) {
  url_ = database_.url().With("host", "127.0.0.1").With("port", "1");
  const auto agent = StartNotifying();
  std::string before;
  EXPECT_TRUE(manager_.WaitFor("STATUS=waits for the database", &before));
  EXPECT_TRUE(before.find("READY=1") != std::string::npos || manager_.WaitFor("READY=1"));
}

TEST_F(AgentSystemd, IsReadyOnlyWithTheSchemaWhereThatIsAskedForAndGetsTheTimeForIt) {
  database_.Sql("create table go (id int)");
  Add("0001",
      "do $$ begin while not exists (select from go) loop perform pg_sleep(0.01); end loop; "
      "end $$;\n");
  const auto agent = StartNotifying("notify.ready = \"migrated\"\n");
  std::string before;
  EXPECT_TRUE(manager_.WaitFor("STATUS=applies 0001", &before));
  EXPECT_TRUE(manager_.WaitFor("EXTEND_TIMEOUT_USEC=", &before));
  EXPECT_THAT(before, Not(HasSubstr("READY=1")));
  database_.Sql("insert into go values (1)");
  EXPECT_TRUE(manager_.WaitFor("READY=1"));
}

TEST_F(AgentSystemd, HearsOfAReloadFromItsBeginningToItsEnd) {
  const auto agent = StartNotifying();
  ASSERT_TRUE(manager_.WaitFor("READY=1"));
  agent->program().Signal(SIGHUP);
  EXPECT_TRUE(manager_.WaitFor("RELOADING=1\nMONOTONIC_USEC="));
  EXPECT_TRUE(manager_.WaitFor("READY=1"));
}

TEST_F(AgentSystemd, HearsOfTheEnd) {
  const auto agent = StartNotifying();
  ASSERT_TRUE(manager_.WaitFor("READY=1"));
  agent->program().Signal(SIGTERM);
  EXPECT_TRUE(manager_.WaitFor("STOPPING=1"));
  EXPECT_EQ(agent->program().Wait().exit_code, 0);
}

TEST_F(AgentSystemd, GetsSignsOfLifeFromTheEventLoop) {
  const auto agent = StartNotifying("", {{"WATCHDOG_USEC", "200000"}});
  EXPECT_TRUE(manager_.WaitFor("WATCHDOG=1"));
  EXPECT_TRUE(manager_.WaitFor("WATCHDOG=1"));
  EXPECT_TRUE(manager_.WaitFor("WATCHDOG=1"));
}

// systemd's own side of LISTEN_FDS, in a few lines.
constexpr const char* kActivate =
    "import os, socket, sys\n"
    "s = socket.socket(socket.AF_UNIX)\n"
    "s.bind(sys.argv[1])\n"
    "s.listen()\n"
    "os.dup2(s.fileno(), 3)\n"
    "os.set_inheritable(3, True)\n"
    "os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid()))\n"
    "os.execv(sys.argv[2], sys.argv[2:])\n";

TEST_F(AgentSystemd, TakesTheSocketThatSystemdHasOpened) {
  Add("0001", "create table a ();\n");
  TemporaryFolder folder;
  const std::string path = folder.Path("activated");
  Program agent({"-c", kActivate, path, LOCKSTEP_AGENT, "--listen", "off", "--socket",
                 folder.Path("unused"), "--dir", migrations_.path()},
                Environment(), "", "/usr/bin/python3");
  ASSERT_TRUE(agent.WaitForMessage("agent_started")) << agent.messages();
  EXPECT_EQ(HttpClient::ToSocket(path).Request("POST", "/api/v1/pause").status, 200);
  EXPECT_FALSE(std::filesystem::exists(folder.Path("unused")));
}

}  // namespace
}  // namespace lockstep
