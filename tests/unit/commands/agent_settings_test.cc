#include "commands/agent_settings.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <random>
#include <regex>

#include "commands/settings_check.h"
#include "support/settings_fixture.h"

namespace lockstep {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

// For each key values that are not its default, as TOML.
const std::map<std::string, std::vector<std::string>> kValues = {
    {"database_url",
     {R"("postgresql://u@h:5433/x?sslmode=verify-full&sslrootcert=%2Fetc%2Fa%20b")",
      R"("host=/run/pg port=5 user='a b' dbname=x connect_timeout=3")", R"("postgresql:///x")",
      R"("postgresql://a:1,b:2/x?target_session_attrs=read-write")",
      R"("host=h hostaddr=127.0.0.1 user='ü@/?&=' dbname='x y'")"}},
    {"password_file", {R"("/etc/pw")"}},
    {"dir", {R"("sql \"quoted\" \\ \t# no comment")", "5"}},
    {"schema", {R"("steps")"}},
    {"alembic_table", {R"("app.version")"}},
    {"alembic_version", {R"("always")", R"("off")"}},
    {"owner_role", {R"("owner")"}},
    {"search_path", {R"("shop, public")"}},
    {"migration_lock_wait", {R"("5s")", R"("0")"}},
    {"migration_lock_idle_limit", {R"("5s")", R"("0")"}},
    {"sandbox_bin_dir", {R"("/opt/pg")"}},
    {"lock_ladder", {R"("1ms, 1.5us")"}},
    {"next_lock_timeout", {R"("21ms")"}},
    {"acquire_timeout", {R"("301ms")"}},
    {"lock_timeout", {R"("3s")"}},
    {"max_hold", {R"("1h")"}},
    {"statement_timeout", {R"("1d")"}},
    {"look_interval", {R"("1s")"}},
    {"young_holder", {R"("1s")"}},
    {"retry_pause", {R"("1s")"}},
    {"retry_pause_limit", {R"("1min")"}},
    {"lock_deadline", {R"("7m")"}},
    {"max_victims", {"3", R"("4")"}},
    {"max_victim_wait", {R"("1s")"}},
    {"small_table", {R"("0")", R"("3 GiB")"}},
    {"blocker_query", {R"("text")", R"("hash")", R"("off")"}},
    {"end_blockers.enabled", {R"("on")", "true"}},
    {"end_blockers.idle_longer_than", {R"("2min")"}},
    {"end_blockers.users", {R"("app, worker")", R"(["a, b", "c"])"}},
    {"end_blockers.applications", {R"("reporting")"}},
    {"standby_guard.urls", {R"("postgresql://u@s1/x postgresql://s2:1,s3:2/x?sslmode=require")"}},
    {"standby_guard.longest_query", {R"("2s")"}},
    {"backup.directory", {R"("/b")"}},
    {"backup.keep", {"3", R"("4")"}},
    {"backup.program", {R"("/opt/pg_dump")"}},
    {"hooks.before_run", {R"(["/bin/true", "a\nb", "ü \u007f"])"}},
    {"hooks.after_run", {R"(["/bin/true"])"}},
    {"hooks.before_migration", {R"(["/bin/true"])"}},
    {"hooks.after_migration", {R"(["/bin/true"])"}},
    {"hooks.on_failure", {R"(["/bin/true"])"}},
    {"hooks.timeout", {R"("5s")"}},
    {"apply.on_start", {R"("off")", "false"}},
    {"apply.on_change", {R"("off")", "false"}},
    {"apply.interval", {R"("1h")"}},
    {"apply.goal", {R"("heads")", R"("68db6a7fba94")"}},
    {"apply.retry_deferred", {R"("1min")"}},
    {"refresh", {R"("1s")"}},
    {"folder.settle", {R"("0")", R"("3s")"}},
    {"folder.rescan", {R"("2min")"}},
    {"ready_when_ahead", {R"("off")", "false"}},
    {"pool.size", {"1", "100"}},
    {"pool.wait", {R"("1s")"}},
    {"listen", {R"("off")", R"("[::1]:0")", R"("localhost:65535")"}},
    {"socket.path", {R"("off")", R"("/tmp/x.sock")"}},
    {"socket.mode", {R"("0600")", R"("666")"}},
    {"socket.group", {R"("wheel")"}},
    {"socket.allow_users", {R"("a,b")", R"(["a"])"}},
    {"socket.allow_groups", {R"("deploy")"}},
    {"shutdown.grace", {R"("0")", R"("1min")"}},
    {"notify.ready", {R"("migrated")"}},
    {"log.level", {R"("debug")", R"("warning")", R"("error")"}},
    {"log.format", {R"("text")", R"("json")", R"("journal")"}},
};

class AgentSettingsTest : public SettingsFixture {
 protected:
  LoadedAgentSettings LoadNow() {
    agent_.settings = flags_;
    return LoadAgentSettings(agent_);
  }
  LoadedAgentSettings Load(const std::string& file, mode_t mode = 0600) {
    WriteFile(file, mode);
    return LoadNow();
  }
  std::string Refusal(const std::string& file, mode_t mode = 0600) {
    return RefusalOf([&] { Load(file, mode); });
  }
  // "value # origin"; the last one if there were several, which there are not.
  std::string Effective(const LoadedAgentSettings& loaded, const std::string& key) {
    std::string found = "no such key";
    for (const EffectiveSetting& setting : loaded.effective) {
      if (setting.key == key) found = setting.value + " # " + Named(setting.origin);
    }
    return found;
  }
  std::string Print(const LoadedAgentSettings& loaded) {
    return Named(PrintSettings(loaded.effective));
  }
  // Keys and values without where they come from.
  static std::vector<std::string> Values(const LoadedAgentSettings& loaded) {
    std::vector<std::string> values;
    for (const auto& setting : loaded.effective) {
      values.push_back(setting.key + " = " + setting.value);
    }
    return values;
  }
  static std::vector<std::string> TargetNames(const LoadedAgentSettings& loaded) {
    std::vector<std::string> names;
    for (const TargetSettings& target : loaded.settings.targets) names.push_back(target.name);
    return names;
  }

  AgentFlags agent_;
};

// ---- The tables ------------------------------------------------------------------------------

TEST_F(AgentSettingsTest, EachKeyIsSetAndToldAndReadBack) {
  for (const std::string& key : SettingsKeys()) {
    ASSERT_TRUE(kValues.contains(key)) << key;
    const std::string unset = Effective(Load(""), key);
    EXPECT_THAT(unset, EndsWith(" # default"));
    for (const std::string& value : kValues.at(key)) {
      const LoadedAgentSettings loaded = Load(key + " = " + value);
      const std::string told = Effective(loaded, key);
      EXPECT_THAT(told, EndsWith(" # FILE:1")) << key;
      EXPECT_NE(told.substr(0, told.find(" # ")), unset.substr(0, unset.find(" # "))) << key;
      EXPECT_EQ(Values(Load(PrintSettings(loaded.effective))), Values(loaded)) << key << value;
    }
  }
  EXPECT_EQ(SettingsKeys().size(), kValues.size());
}

// A key that wrote into another's field would change two lines, or the wrong one.
TEST_F(AgentSettingsTest, EachKeySetsItsOwnFieldAndNoOther) {
  const std::vector<std::string> before = Values(Load(""));
  for (const auto& [key, values] : kValues) {
    const std::vector<std::string> after = Values(Load(key + " = " + values[0]));
    ASSERT_EQ(after.size(), before.size());
    std::vector<std::string> changed;
    for (std::size_t i = 0; i < after.size(); ++i) {
      if (after[i] != before[i]) changed.push_back(after[i].substr(0, after[i].find(' ')));
    }
    EXPECT_THAT(changed, ElementsAre(key));
  }
}

TEST_F(AgentSettingsTest, EachKeyWithOneValueHasItsVariable) {
  for (const std::string& key : SettingsKeys()) {
    if (key.starts_with("hooks.") && key != "hooks.timeout") continue;
    std::string variable = "LOCKSTEP_";
    for (const char c : key) variable += c == '.' ? '_' : static_cast<char>(std::toupper(c));
    std::string value = kValues.at(key).back();
    std::erase(value, '"');
    if (value.starts_with('[')) value = "a, b";
    Set(variable, value == "true" ? "on" : value == "false" ? "off" : value);
    EXPECT_THAT(Effective(Load(key + " = " + kValues.at(key)[0]), key), EndsWith(" # " + variable));
    Set(variable, "");
    EXPECT_THAT(Effective(Load(""), key), EndsWith(" # default"));
  }
}

TEST_F(AgentSettingsTest, TheDocumentListsEachKeyWithItsDefault) {
  std::map<std::string, std::string> documented;
  const std::regex row(R"(\| `([a-z_.]+)` \| (`(.*?)`)? ?\|.*)");
  std::istringstream lines(ReadAll(LOCKSTEP_SOURCE_DIR "/docs/settings.md"));
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_match(line, match, row)) documented[match[1]] = match[3];
  }
  for (const EffectiveSetting& setting : Load("").effective) {
    ASSERT_TRUE(documented.contains(setting.key)) << setting.key;
    EXPECT_EQ(documented[setting.key], setting.value) << setting.key;
    documented.erase(setting.key);
  }
  EXPECT_THAT(documented, IsEmpty());
}

// ---- What it comes to ------------------------------------------------------------------------

TEST_F(AgentSettingsTest, TheDefaultsAreThoseOfTheHeader) {
  const AgentSettings agent = Load("").settings;
  EXPECT_EQ(agent.file, flags_.config);
  EXPECT_EQ(agent.listen, "127.0.0.1:8432");
  EXPECT_EQ(agent.socket_mode, 0660U);
  EXPECT_EQ(agent.shutdown_grace, 25s);
  ASSERT_THAT(agent.targets, SizeIs(1));
  EXPECT_EQ(agent.targets[0].name, "default");
  EXPECT_EQ(agent.targets[0].apply_interval, std::nullopt);
}

// An agent has nothing better to do than to wait; a person in front of a terminal has.
TEST_F(AgentSettingsTest, WaitsForTheMigrationLockForEverUnlessToldOtherwise) {
  EXPECT_EQ(Load("").settings.targets[0].settings.run.migration_lock_wait, std::nullopt);
  EXPECT_EQ(LoadSettings(flags_).run.migration_lock_wait, 60s);
  EXPECT_EQ(
      Load("migration_lock_wait = \"5s\"").settings.targets[0].settings.run.migration_lock_wait,
      5s);
}

TEST_F(AgentSettingsTest, ReadsWhatIsTheAgents) {
  const AgentSettings agent = Load(R"(
listen = "off"
[socket]
path = "/s"
mode = "0600"
group = "g"
allow_users = ["a", "b"]
allow_groups = "c, d"
[shutdown]
grace = "5s"
[notify]
ready = "migrated"
[log]
level = "debug"
format = "json"
)")
                                  .settings;
  EXPECT_EQ(agent.listen, "off");
  EXPECT_EQ(agent.socket, "/s");
  EXPECT_EQ(agent.socket_mode, 0600U);
  EXPECT_EQ(agent.socket_group, "g");
  EXPECT_THAT(agent.allow_users, ElementsAre("a", "b"));
  EXPECT_THAT(agent.allow_groups, ElementsAre("c", "d"));
  EXPECT_EQ(agent.shutdown_grace, 5s);
  EXPECT_EQ(agent.notify_ready, ReadyWhen::kMigrated);
  EXPECT_EQ(agent.log_level, LogLevel::kDebug);
  EXPECT_EQ(agent.log_format, LogFormat::kJson);
}

TEST_F(AgentSettingsTest, ReadsWhatTheAgentWantsToKnowOfATarget) {
  const TargetSettings target = Load(R"(
refresh = "1s"
ready_when_ahead = false
[apply]
on_start = false
on_change = "off"
interval = "1h"
goal = "head"
retry_deferred = "2s"
[folder]
settle = "3s"
rescan = "4s"
[pool]
size = 5
wait = "6s"
)")
                                    .settings.targets[0];
  EXPECT_EQ(target.refresh, 1s);
  EXPECT_FALSE(target.ready_when_ahead);
  EXPECT_FALSE(target.apply_on_start);
  EXPECT_FALSE(target.apply_on_change);
  EXPECT_EQ(target.apply_interval, 1h);
  EXPECT_EQ(target.goal, "head");
  EXPECT_EQ(target.retry_deferred, 2s);
  EXPECT_EQ(target.folder_settle, 3s);
  EXPECT_EQ(target.folder_rescan, 4s);
  EXPECT_EQ(target.pool_size, 5);
  EXPECT_EQ(target.pool_wait, 6s);
}

TEST_F(AgentSettingsTest, EachLayerWinsOverTheOneBefore) {
  const std::string key = "target.shop.schema";
  EXPECT_EQ(Effective(Load("[target.shop]"), key), "\"lockstep\" # default");
  EXPECT_EQ(Effective(Load("schema = \"top\"\n[target.shop]"), key), "\"top\" # FILE:1");
  const std::string both = "schema = \"top\"\n[target.shop]\nschema = \"own\"";
  EXPECT_EQ(Effective(Load(both), key), "\"own\" # FILE:3");
  Set("LOCKSTEP_SCHEMA", "env");
  EXPECT_EQ(Effective(Load(both), key), "\"env\" # LOCKSTEP_SCHEMA");
}

TEST_F(AgentSettingsTest, FlagsWinOverAll) {
  Set("LOCKSTEP_LISTEN", "a:1");
  Set("LOCKSTEP_SOCKET_PATH", "/env");
  Set("LOCKSTEP_DIR", "env");
  Set("DATABASE_URL", "postgresql://env/x");
  Set("LOCKSTEP_PASSWORD_FILE", "/env");
  agent_.listen = "b:2";
  agent_.socket = "/flag";
  flags_.folder = "flag";
  flags_.database_url = "postgresql://flag/x";
  flags_.password_file = "/flag";
  const LoadedAgentSettings loaded = Load("listen = \"c:3\"\nsocket.path = \"/file\"");
  EXPECT_EQ(Effective(loaded, "listen"), "\"b:2\" # --listen");
  EXPECT_EQ(Effective(loaded, "socket.path"), "\"/flag\" # --socket");
  EXPECT_EQ(Effective(loaded, "dir"), "\"flag\" # --dir");
  EXPECT_EQ(Effective(loaded, "database_url"), "\"postgresql://flag/x\" # --database-url");
  EXPECT_EQ(Effective(loaded, "password_file"), "\"/flag\" # --password-file");
}

TEST_F(AgentSettingsTest, HasShortNamesForTwoVariables) {
  Set("LOCKSTEP_SOCKET", "/short");
  Set("DATABASE_URL", "postgresql://short/x");
  EXPECT_EQ(Effective(Load(""), "socket.path"), "\"/short\" # LOCKSTEP_SOCKET");
  EXPECT_EQ(Effective(Load(""), "database_url"), "\"postgresql://short/x\" # DATABASE_URL");
  Set("LOCKSTEP_SOCKET_PATH", "/long");
  Set("LOCKSTEP_DATABASE_URL", "postgresql://long/x");
  EXPECT_EQ(Effective(Load(""), "socket.path"), "\"/long\" # LOCKSTEP_SOCKET_PATH");
  EXPECT_EQ(Effective(Load(""), "database_url"), "\"postgresql://long/x\" # LOCKSTEP_DATABASE_URL");
}

TEST_F(AgentSettingsTest, RunsWithoutAFile) {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(root_);
  flags_.config.clear();
  flags_.database_url = "postgresql://h/x";
  const AgentSettings agent = LoadNow().settings;
  std::filesystem::current_path(before);
  EXPECT_EQ(agent.file, "");
  ASSERT_THAT(agent.targets, SizeIs(1));
  EXPECT_EQ(agent.targets[0].settings.url->Get("host"), "h");
}

TEST_F(AgentSettingsTest, AgainIsTheSame) {
  const std::string file = "schema = \"a\"\n[target.x]\n[target.y]\nvariables.A = \"1\"";
  EXPECT_EQ(Print(Load(file)), Print(Load(file)));
  EXPECT_EQ(Effective(Load(""), "schema"), "\"lockstep\" # default");
}

// ---- Several targets -------------------------------------------------------------------------

TEST_F(AgentSettingsTest, TargetsAreInTheOrderOfTheFileAndHaveTheirOwn) {
  const LoadedAgentSettings loaded = Load(R"(
dir = "all"
hooks.before_run = ["/bin/true", "all"]
[variables]
A = "all"
B = "all"
[target.zebra]
database_url = "postgresql://z/x"
variables.A = "zebra"
[target.ant]
dir = "ant"
apply.on_start = false
[target.ant.hooks]
before_run = ["/bin/true", "ant"]
)");
  EXPECT_THAT(TargetNames(loaded), ElementsAre("zebra", "ant"));
  const TargetSettings& zebra = loaded.settings.targets[0];
  const TargetSettings& ant = loaded.settings.targets[1];
  EXPECT_EQ(zebra.settings.folder, "all");
  EXPECT_EQ(ant.settings.folder, "ant");
  EXPECT_TRUE(zebra.settings.url && !ant.settings.url);
  EXPECT_TRUE(zebra.apply_on_start && !ant.apply_on_start);
  EXPECT_EQ(zebra.settings.run.variables.at("A"), "zebra");
  EXPECT_EQ(zebra.settings.run.variables.at("B"), "all");
  EXPECT_EQ(ant.settings.run.variables.at("A"), "all");
  EXPECT_EQ(zebra.settings.run.hooks.commands.at(HookPoint::kBeforeRun)[1], "all");
  EXPECT_EQ(ant.settings.run.hooks.commands.at(HookPoint::kBeforeRun)[1], "ant");
}

TEST_F(AgentSettingsTest, WhatIsOfOneTargetCannotBeSaidOfSeveral) {
  const std::string two = "[target.a]\n[target.b]";
  EXPECT_EQ(Refusal(two), "accepted");
  for (const char* variable :
       {"DATABASE_URL", "LOCKSTEP_DATABASE_URL", "LOCKSTEP_DIR", "LOCKSTEP_PASSWORD_FILE"}) {
    Set(variable, "postgresql://u:canary@h/x");
    const std::string refusal = Refusal(two);
    EXPECT_THAT(refusal, HasSubstr("bad_settings " + std::string(variable) + " cannot be for all"));
    EXPECT_THAT(refusal, Not(HasSubstr("canary")));
    EXPECT_EQ(Refusal("[target.a]"), "accepted");
    Set(variable, "");
  }
  flags_.folder = "x";
  EXPECT_EQ(Refusal(two),
            "usage --dir cannot be for all targets at once: \"FILE\" has \"a\", \"b\" | "
            "leave it out, and write \"dir\" into each section [target.NAME]");
}

TEST_F(AgentSettingsTest, ATargetsNameCanBeALabel) {
  const std::string longest(63, 'a');
  for (const std::string& name : {std::string("a"), std::string("A-1_b"), std::string("-"),
                                  std::string("\"a.b\""), longest}) {
    EXPECT_EQ(Refusal("[target." + name + "]"), "accepted") << name;
  }
  for (const std::string& name :
       {std::string("\"\""), std::string("\".a\""), std::string("\"a b\""), std::string("\"a/b\""),
        std::string("\"ä\""), std::string("\"a\\n\""), longest + "a"}) {
    const std::string refusal = Refusal("\n[target." + name + "]");
    EXPECT_THAT(refusal, HasSubstr("bad_settings FILE:2:9: ")) << name;
    EXPECT_THAT(refusal, HasSubstr("cannot be a target's name")) << name;
  }
  EXPECT_EQ(Effective(Load("[target.\"a.b\"]\ndir = \"x\""), "target.\"a.b\".dir"),
            "\"x\" # FILE:2");
}

// ---- Refusals --------------------------------------------------------------------------------

// Faults: G2.
TEST_F(AgentSettingsTest, NamesTheNearestKeyInSectionsToo) {
  EXPECT_EQ(Refusal("[target.shop]\n  lock_timout = \"1s\""),
            "bad_settings FILE:2:3: unknown key \"lock_timout\" in [target.shop] | "
            "did you mean \"lock_timeout\"?");
  EXPECT_EQ(Refusal("[target.shop.apply]\nintervall = \"1s\""),
            "bad_settings FILE:2:1: unknown key \"apply.intervall\" in [target.shop] | "
            "did you mean \"apply.interval\"?");
  EXPECT_EQ(Refusal("[sockett]\n"),
            "bad_settings FILE:1:2: unknown key \"sockett\" | did you mean \"socket\"?");
  EXPECT_EQ(Refusal("lissten = \"off\""),
            "bad_settings FILE:1:1: unknown key \"lissten\" | did you mean \"listen\"?");
  EXPECT_THAT(Refusal("[targets.shop]"), HasSubstr("unknown key \"targets\""));
}

TEST_F(AgentSettingsTest, WhatIsTheAgentsCannotStandInASection) {
  for (const char* line : {"listen = \"off\"", "socket.path = \"x\"", "log.level = \"info\""}) {
    const std::string refusal = Refusal("[target.shop]\n" + std::string(line));
    EXPECT_THAT(refusal, HasSubstr("FILE:2:")) << line;
    EXPECT_THAT(refusal, HasSubstr("is the agent's and not a target's | write it at the top"))
        << line;
  }
}

// Faults: G1.
TEST_F(AgentSettingsTest, RefusesValuesThatItCannotUse) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"listen = \"8432\"", "1:10: \"listen\" must be HOST:PORT"},
      {"listen = \":8432\"", "1:10: \"listen\" must be HOST:PORT"},
      {"listen = \"::1:8432\"", "1:10: \"listen\" must be HOST:PORT"},
      {"listen = \"h:65536\"", "1:10: \"listen\" must be HOST:PORT"},
      {"listen = \"h:\"", "1:10: \"listen\" must be HOST:PORT"},
      {"listen = \"a b:1\"", "1:10: \"listen\" must be HOST:PORT"},
      {"listen = \"\"", "1:10: \"listen\" must be HOST:PORT"},
      {"listen = false", "1:10: \"listen\" must be a string"},
      {"socket = \"/x\"", "1:10: \"socket\" must be a table"},
      {"socket.path = \"\"", "1:15: \"socket.path\" must not be empty"},
      {"socket.path = \"" + std::string(108, 'x') + "\"", "must be a path of at most 107 bytes"},
      {"socket.mode = 660", "1:15: \"socket.mode\" must be a string"},
      {"socket.mode = 0o660", "1:15: \"socket.mode\" must be a string"},
      {"socket.mode = \"0680\"", "1:15: \"socket.mode\" must be a mode such as \"0660\""},
      {"socket.mode = \"4755\"", "1:15: \"socket.mode\" must be a mode such as \"0660\""},
      {"socket.mode = \"60\"", "1:15: \"socket.mode\" must be a mode such as \"0660\""},
      {"socket.allow_users = [\"\"]", "1:22: \"socket.allow_users\" must be names"},
      {"shutdown.grace = \"25\"", "1:18: \"shutdown.grace\" must be a time with its unit"},
      {"shutdown.grace = \"366d\"", "1:18: \"shutdown.grace\" must be at most 365d"},
      {"notify.ready = \"now\"", "1:16: \"notify.ready\" must be \"started\" or \"migrated\""},
      {"log.level = \"loud\"",
       "1:13: \"log.level\" must be \"debug\", \"info\", \"warning\" or \"error\""},
      {"log.format = \"xml\"", "must be \"auto\", \"text\", \"json\" or \"journal\""},
      {"apply.on_start = \"yes\"", "1:18: \"apply.on_start\" must be \"on\" or \"off\""},
      {"apply.on_change = 1.5", "1:19: \"apply.on_change\" must be \"on\" or \"off\""},
      {"apply.interval = \"0\"", "must be a time such as \"60s\", or \"off\""},
      {"apply.interval = \"1000d\"", "must be a time such as \"60s\", or \"off\""},
      {"apply.goal = \"base\"", "1:14: \"apply.goal\" must be \"heads\", \"head\" or a revision"},
      {"apply.goal = \"-1\"", "1:14: \"apply.goal\" must be"},
      {"apply.goal = \"+1\"", "1:14: \"apply.goal\" must be"},
      {"apply.goal = \"a b\"", "1:14: \"apply.goal\" must be"},
      {"refresh = \"0\"", "1:11: \"refresh\" must be longer than 0"},
      {"folder.rescan = \"0\"", "1:17: \"folder.rescan\" must be longer than 0"},
      {"pool.size = 0", "1:13: \"pool.size\" must be a number from 1 to 100"},
      {"pool.size = 101", "1:13: \"pool.size\" must be a number from 1 to 100"},
      {"target = 1", "1:10: \"target\" must be a table"},
      {"target.a = 1", "1:12: \"target.a\" must be a table"},
      {"[[target]]\ndir = \"a\"", "\"target\" must be a table"},
      {"[[target.a]]\ndir = \"a\"", "\"target.a\" must be a table"},
      {"[target.a]\n[target.a]", "2:1: this key stands here for the second time"}};
  for (const auto& [file, message] : table) EXPECT_THAT(Refusal(file), HasSubstr(message)) << file;
}

TEST_F(AgentSettingsTest, RefusesABadVariableAndABadFlagByItsName) {
  Set("LOCKSTEP_SHUTDOWN_GRACE", "soon");
  EXPECT_THAT(Refusal(""), HasSubstr("bad_settings LOCKSTEP_SHUTDOWN_GRACE must be a time"));
  Set("LOCKSTEP_SHUTDOWN_GRACE", "");
  agent_.listen = "nowhere";
  EXPECT_THAT(Refusal(""), HasSubstr("bad_settings --listen must be HOST:PORT"));
}

TEST_F(AgentSettingsTest, ASectionWithAPasswordOrAHookMakesTheFilePrivateToo) {
  const std::string password =
      "[target.a]\n[target.b]\ndatabase_url = \"postgresql://u:canary@h/x\"";
  EXPECT_EQ(Refusal(password), "accepted");
  EXPECT_THAT(Refusal(password, 0640), HasSubstr("can be read by group or others"));
  // Another target's value in its place changes nothing about the file.
  const std::string standby =
      "standby_guard.urls = \"postgresql://u:canary@h/x\"\n"
      "[target.a]\nstandby_guard.urls = \"postgresql://h/x\"";
  EXPECT_THAT(Refusal(standby, 0604), HasSubstr("can be read by group or others"));
  const std::string hook = "[target.a.hooks]\nafter_run = [\"/bin/true\"]";
  EXPECT_EQ(Refusal(hook, 0644), "accepted");
  EXPECT_THAT(Refusal(hook, 0664), HasSubstr("could be changed by others"));
}

// ---- As text ---------------------------------------------------------------------------------

TEST_F(AgentSettingsTest, NoSecretIsEverShown) {
  const LoadedAgentSettings loaded = Load(R"(
database_url = "postgresql://u:canary1@h/x?sslpassword=canary2&sslmode=verify-full&options=-c%20a.b%3Dcanary3"
standby_guard.urls = "postgresql://u:canary4@s/x"
hooks.after_run = ["/bin/true", "postgresql://u:canary5@h/x"]
variables.ROLE_PASSWORD = "canary6"
[target.a]
database_url = "host=h password=canary7 dbname=x"
[target.b]
)");
  const std::string text = Print(loaded);
  EXPECT_THAT(text, Not(HasSubstr("canary")));
  EXPECT_THAT(text, HasSubstr("\"postgresql://u@h/x?sslmode=verify-full\""));
  EXPECT_EQ(Effective(loaded, "target.a.variables.ROLE_PASSWORD"), "\"***\" # FILE:5");
  EXPECT_EQ(loaded.settings.targets[0].settings.run.variables.at("ROLE_PASSWORD"), "canary6");
}

TEST_F(AgentSettingsTest, PrintsAlignedLinesWithTheirOrigin) {
  EXPECT_EQ(PrintSettings({{"listen", "\"off\"", "--listen"},
                           {"socket.path", "\"/a\"", "c.toml:12"},
                           {"socket.group", "", "default"},
                           {"pool.size", "2", "default"},
                           {"dir", '"' + std::string(60, 'x') + '"', "a\nb = 1"}}),
            "listen         = \"off\"   # --listen\n"
            "socket.path    = \"/a\"    # c.toml:12\n"
            "# socket.group           # not set\n"
            "pool.size      = 2       # default\n"
            "dir            = \"" +
                std::string(60, 'x') + "\"   # a\\nb = 1\n");
}

TEST_F(AgentSettingsTest, WhatTheEnvironmentSaysInNoUtf8IsStillPrintedAsToml) {
  Set("LOCKSTEP_DIR", "a\xff\x01z");
  const LoadedAgentSettings loaded = Load("");
  EXPECT_EQ(loaded.settings.targets[0].settings.folder, "a\xff\x01z");
  Set("LOCKSTEP_DIR", "");
  EXPECT_EQ(Load(Print(loaded)).settings.targets[0].settings.folder, "a\xef\xbf\xbd\x01z");
}

// Whatever is accepted says the same when it is printed and read again.
TEST_F(AgentSettingsTest, AnAcceptedConfigurationPrintsBackToItself) {
  std::mt19937 random(20240607);
  const auto chance = [&random](int percent) {
    return std::uniform_int_distribution<int>(1, 100)(random) <= percent;
  };
  const auto lines = [&](bool target) {
    std::string text;
    for (const auto& [key, values] : kValues) {
      if ((target && FindKey(TargetKeys(), key) == nullptr) || !chance(30)) continue;
      const auto pick = std::uniform_int_distribution<std::size_t>(0, values.size() - 1)(random);
      text += key + " = " + values[pick] + "\n";
    }
    return text + (chance(50) ? "variables.\"a \\\" b\" = \"x\"\n" : "");
  };
  for (int round = 0; round < 60; ++round) {
    std::string file = lines(false);
    for (const char* name : {"shop", "\"a.b\"", "-c"}) {
      if (chance(50)) file += "[target." + std::string(name) + "]\n" + lines(true);
    }
    const LoadedAgentSettings loaded = Load(file);
    const LoadedAgentSettings again = Load(PrintSettings(loaded.effective));
    ASSERT_EQ(Values(again), Values(loaded)) << file;
    ASSERT_EQ(TargetNames(again), TargetNames(loaded)) << file;
  }
}

}  // namespace
}  // namespace lockstep
