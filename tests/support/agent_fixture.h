// Real agents on a folder and a database, and the API of each.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "support/exposition.h"
#include "support/http_client.h"
#include "support/program.h"
#include "support/temporary_folder.h"
#include "support/test_database.h"

namespace lockstep {

// One running lockstepd with a socket of its own and a free TCP port. Thread: the test's.
class AgentUnderTest {
 public:
  // `settings`: the text of its configuration, beside the socket, TCP and the log, which are set.
  AgentUnderTest(const std::string& settings, const Program::Environment& environment)
      : AgentUnderTest(settings, environment, {}) {
    // From then on its doors are open.
    EXPECT_TRUE(program_->WaitForMessage("\"event\":\"agent_started\"")) << program_->messages();
  }
  // Started by another program, which becomes it: `launcher` is that one's command line. Its log
  // may go elsewhere, so nobody waits for its start.
  AgentUnderTest(const std::string& settings, const Program::Environment& environment,
                 std::vector<std::string> launcher)
      : settings_(settings) {
    WriteSettings(settings);
    launcher.insert(launcher.end(), {LOCKSTEP_AGENT, "--config", config()});
    const std::string program = launcher.front();
    launcher.erase(launcher.begin());
    program_ = std::make_unique<Program>(launcher, environment, "", program.c_str());
  }

  Program& program() { return *program_; }
  std::string config() const { return folder_.Path("lockstep.toml"); }
  std::string socket() const { return folder_.Path("s.sock"); }
  const TemporaryFolder& folder() const { return folder_; }
  void WriteSettings(const std::string& settings) const {
    folder_.Write("lockstep.toml", "listen = \"127.0.0.1:0\"\nsocket.path = \"" + socket() +
                                       "\"\nlog.format = \"json\"\n" + settings);
    // As one with a password has to be.
    std::filesystem::permissions(
        config(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }
  const std::string& settings() const { return settings_; }

  HttpClient Connect() const { return HttpClient::ToSocket(socket()); }
  // "127.0.0.1:40123"
  std::string address() {
    const std::string said = program_->messages();
    const std::string before = "listens on http://";
    const std::size_t at = said.find(before) + before.size();
    return said.substr(at, said.find('"', at) - at);
  }

  HttpAnswer Get(const std::string& target) const { return Connect().Get(target); }
  HttpAnswer Post(const std::string& target, const std::string& body = {}) const {
    return Connect().Request("POST", target, body);
  }
  json::object GetJson(const std::string& target) const {
    return json::parse(Get(target).body).as_object();
  }
  json::object Target() const { return GetJson("/api/v1/status").at("targets").at(0).as_object(); }
  Exposition Metrics() const { return ParseExposition(Get("/metrics").body); }
  double Metric(const std::string& series) const {
    for (const auto& [one, value] : Metrics().values) {
      if (ToText(one) == series) return value;
    }
    ADD_FAILURE() << "there is no series " << series;
    return -1;
  }

  // Waits until the agent's folder is applied. Says false when it does not come to that.
  bool WaitForHead() const { return GetJson("/api/v1/wait?timeout=3min").at("state") == "reached"; }
  // Orders a run, and follows it to its end; the *run*.
  json::object RunToItsEnd(const std::string& order) const {
    const HttpAnswer answer = Post("/api/v1/runs", order);
    EXPECT_EQ(answer.status, 202) << answer.body;
    const std::string id(json::parse(answer.body).at("id").as_string());
    FollowToItsEnd(id);
    return GetJson("/api/v1/runs/" + id);
  }
  // The lines of its events.
  std::vector<std::string> FollowToItsEnd(const std::string& id) const {
    HttpClient client = Connect();
    client.Send("GET", "/api/v1/runs/" + id + "/events");
    client.ReadHead();
    std::vector<std::string> lines;
    while (const auto line = client.ReadLine()) lines.push_back(*line);
    return lines;
  }

  ProgramEnd Stop() {
    program_->Signal(SIGTERM);
    return program_->Wait();
  }

 private:
  TemporaryFolder folder_;
  std::string settings_;
  std::unique_ptr<Program> program_;
};

// A statement that tells that it runs, and ends once there is a row in "go".
inline constexpr const char* kRunsUntilGo =
    "do $$ begin while not exists (select from go) loop perform pg_sleep(0.01); end loop; end "
    "$$;\n";

// Thread: the test's.
class AgentFixture : public ::testing::Test {
 protected:
  // A pair with the file name's revision.
  void Add(const std::string& stem, const std::string& up,
           const std::string& down = "select 1;\n") const {
    migrations_.Write(stem + ".down.sql", down);
    migrations_.Write(stem + ".up.sql", up);
  }

  // A folder is at rest at once, and looked at often, so that a test does not wait.
  std::string Settings(const std::string& more = {}) const {
    return "dir = \"" + migrations_.path() + "\"\nfolder.settle = \"0\"\nrefresh = \"1s\"\n" + more;
  }
  Program::Environment Environment() const { return {{"DATABASE_URL", ToConnectionString(url_)}}; }
  std::unique_ptr<AgentUnderTest> Start(const std::string& more = {}) const {
    return std::make_unique<AgentUnderTest>(Settings(more), Environment());
  }

  void Go() const { database_.Sql("insert into go values (1)"); }
  // Waits until the agent's run has come to its body.
  bool WaitForBody(Program& program) const {
    const OpenedSession observer = database_.Open("observer");
    while (!observer.session
                ->Query("select exists (select from pg_catalog.pg_stat_activity where datname = "
                        "pg_catalog.current_database() and application_name like "
                        "'lockstep/upgrade%' and wait_event = 'PgSleep')")
                .Bool(0, 0)) {
      if (program.HasEnded()) return false;
    }
    return true;
  }

  // "0001 0002": every change that the history holds, in its order.
  std::string History() const {
    return database_.Value(
        "select string_agg(revision, ' ' order by sequence) from lockstep.history");
  }

  TestDatabase database_;
  ConnectionUrl url_ = database_.url();  // of the agents; a test may put another there
  TemporaryFolder migrations_;
};

}  // namespace lockstep
