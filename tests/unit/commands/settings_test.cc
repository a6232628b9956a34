#include "commands/settings.h"

#include <gmock/gmock.h>

#include "base/error.h"
#include "commands/target_access.h"
#include "support/settings_fixture.h"

namespace lockstep {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class SettingsTest : public SettingsFixture {
 protected:
  Settings Load(const std::string& file, mode_t mode = 0600) {
    WriteFile(file, mode);
    return LoadSettings(flags_);
  }
  std::string Refusal(const std::string& file, mode_t mode = 0600) {
    return RefusalOf([&] { Load(file, mode); });
  }
};

TEST_F(SettingsTest, ReadsEveryKey) {
  const Settings settings = Load(R"(
database_url = "postgresql://app@db:5432/shop"
password_file = "/etc/pw"
dir = "sql"
schema = "steps"
alembic_table = "app.version"
alembic_version = "off"
owner_role = "owner"
search_path = "shop"
lock_timeout = "250ms"
lock_deadline = "1h"
statement_timeout = "0"
migration_lock_wait = "forever"
sandbox_bin_dir = "/opt/pg"
[backup]
directory = "/b"
keep = 3
program = "/opt/pg_dump"
[hooks]
before_run = ["/bin/true", "x"]
timeout = "5s"
[variables]
Space = "fast"
)");
  EXPECT_EQ(settings.url->Redacted(), "postgresql://app@db:5432/shop");
  EXPECT_FALSE(settings.url_from_flag);
  EXPECT_EQ(settings.password_file, "/etc/pw");
  EXPECT_EQ(settings.folder, "sql");
  EXPECT_EQ(settings.sandbox_bin_dir, "/opt/pg");
  const RunSettings& run = settings.run;
  EXPECT_EQ(run.names.schema, "steps");
  EXPECT_EQ(run.names.alembic_table, "app.version");
  EXPECT_EQ(run.alembic, AlembicSync::kOff);
  EXPECT_EQ(run.owner_role, "owner");
  EXPECT_EQ(run.search_path, "shop");
  EXPECT_EQ(run.table_locks.lock_timeout, std::chrono::milliseconds(250));
  EXPECT_EQ(run.table_locks.lock_deadline, std::chrono::hours(1));
  EXPECT_EQ(run.table_locks.statement_timeout, Duration::zero());
  EXPECT_EQ(run.migration_lock_wait, std::nullopt);
  EXPECT_EQ(run.backup.directory, "/b");
  EXPECT_EQ(run.backup.keep, 3);
  EXPECT_EQ(run.backup.program, "/opt/pg_dump");
  EXPECT_EQ(run.hooks.commands.at(HookPoint::kBeforeRun),
            (std::vector<std::string>{"/bin/true", "x"}));
  EXPECT_EQ(run.hooks.timeout, std::chrono::seconds(5));
  EXPECT_EQ(run.variables.at("Space"), "fast");
}

TEST_F(SettingsTest, FlagsWinOverEnvironmentOverFile) {
  Set("LOCKSTEP_SCHEMA", "from_environment");
  Set("LOCKSTEP_DIR", "from_environment");
  Set("LOCKSTEP_BACKUP_KEEP", "9");
  flags_.folder = "from_flag";
  const Settings settings =
      Load("schema = \"from_file\"\ndir = \"from_file\"\nlock_timeout = \"1s\"");
  EXPECT_EQ(settings.run.names.schema, "from_environment");
  EXPECT_EQ(settings.folder, "from_flag");
  EXPECT_EQ(settings.run.backup.keep, 9);
  EXPECT_EQ(settings.run.table_locks.lock_timeout, std::chrono::seconds(1));
}

TEST_F(SettingsTest, TakesOurOwnVariableForTheUrlBeforeTheCommonOne) {
  Set("DATABASE_URL", "postgresql://common/x");
  EXPECT_EQ(Load("").url->Get("host"), "common");
  Set("LOCKSTEP_DATABASE_URL", "postgresql://own/x");
  EXPECT_EQ(Load("").url->Get("host"), "own");
  flags_.database_url = "postgresql://flag/x";
  const Settings settings = Load("");
  EXPECT_EQ(settings.url->Get("host"), "flag");
  EXPECT_TRUE(settings.url_from_flag);
}

TEST_F(SettingsTest, NamesThePlaceOfAnUnknownKeyAndTheNearestOne) {
  EXPECT_EQ(Refusal("dir = \"x\"\n  lock_timout = \"1s\"\n"),
            "bad_settings FILE:2:3: unknown key \"lock_timout\" | did you mean \"lock_timeout\"?");
  EXPECT_EQ(Refusal("[backup]\nkeeps = 1\n"),
            "bad_settings FILE:2:1: unknown key \"backup.keeps\" | did you mean \"backup.keep\"?");
}

TEST_F(SettingsTest, RefusesValuesThatItCannotUse) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"lock_timeout = \"2\"", "1:16: \"lock_timeout\" must be a time with its unit"},
      {"lock_timeout = \"0\"", "1:16: \"lock_timeout\" must be longer than 0"},
      {"lock_timeout = true", "1:16: \"lock_timeout\" must be a string"},
      {"dir = { a = 1 }", "1:7: \"dir\" must be a string"},
      {"end_blockers.enabled = 1", "1:24: \"end_blockers.enabled\" must be \"on\" or \"off\""},
      {"end_blockers.enabled = []", "1:24: \"end_blockers.enabled\" must be \"on\" or \"off\""},
      {"end_blockers.users = \"a,,b\"", "1:22: \"end_blockers.users\" must be names with commas"},
      {"end_blockers.users = [1]", "1:22: \"end_blockers.users\" must be a string, or a list"},
      {"variables.a.b = \"c\"", "\"variables.a\" must be a string"},
      {"alembic_version = \"maybe\"", "1:19: \"alembic_version\" must be"},
      {"alembic_table = \"version\"", "1:17: \"alembic_table\" must be SCHEMA.TABLE"},
      {"migration_lock_wait = \"long\"", "1:23: \"migration_lock_wait\" must be"},
      {"schema = \"\"", "1:10: \"schema\" must not be empty"},
      {"backup = 1", "1:10: \"backup\" must be a table"},
      {"[backup]\nkeep = -1", "2:8: \"backup.keep\" must be a number"},
      {"[hooks]\nbefore_run = \"/bin/true\"", "2:14: \"hooks.before_run\" must be a list"},
      {"[hooks]\nbefore_run = [1]", "2:14: \"hooks.before_run\" must be a list"},
      {"[variables]\nA = 1", "2:5: \"variables.A\" must be a string"},
      {"dir = ", "this is not TOML"}};
  for (const auto& [file, message] : table) {
    EXPECT_NE(Refusal(file).find(message), std::string::npos) << file << "\n" << Refusal(file);
  }
}

TEST_F(SettingsTest, RefusesAWrongVariableByItsName) {
  Set("LOCKSTEP_LOCK_TIMEOUT", "soon");
  EXPECT_NE(Refusal("").find("LOCKSTEP_LOCK_TIMEOUT must be a time"), std::string::npos);
}

TEST_F(SettingsTest, NeverRepeatsABrokenUrl) {
  for (const char* line : {"database_url = \"postgresql://u:canary@h:port/x\"",
                           "database_url = postgresql://u:canary@h/x",
                           "database_url = [\"postgresql://u:canary@h/x\"]",
                           "database_url = \"host=h passwort=canary\""}) {
    const std::string refusal = Refusal(line);
    EXPECT_NE(refusal, "accepted") << line;
    EXPECT_EQ(refusal.find("canary"), std::string::npos) << refusal;
  }
}

// Faults: G4.
TEST_F(SettingsTest, RefusesAPasswordInAFileThatOthersCanRead) {
  const std::string file = "database_url = \"postgresql://u:canary@h/x\"";
  EXPECT_EQ(Refusal(file, 0600), "accepted");
  for (const mode_t mode : {0640, 0604}) {
    const std::string refusal = Refusal(file, mode);
    EXPECT_NE(refusal.find("can be read by group or others"), std::string::npos);
    EXPECT_NE(refusal.find("chmod 600"), std::string::npos);
    EXPECT_EQ(refusal.find("canary"), std::string::npos);
  }
  EXPECT_EQ(Refusal("database_url = \"postgresql://u@h/x\"", 0644), "accepted");
}

TEST_F(SettingsTest, RefusesHooksFromAFileThatOthersCanWrite) {
  const std::string file = "[hooks]\nafter_run = [\"/bin/true\"]";
  EXPECT_EQ(Refusal(file, 0644), "accepted");
  EXPECT_NE(Refusal(file, 0664).find("could be changed by others"), std::string::npos);
}

TEST_F(SettingsTest, ReportsAFileThatCannotBeRead) {
  for (const char* name : {"none.toml", "."}) {
    flags_.config = (root_ / name).string();
    try {
      LoadSettings(flags_);
      ADD_FAILURE() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kFileRead) << name;
    }
  }
}

TEST_F(SettingsTest, SaysWhatIsWrongWithAFileThatIsNone) {
  const auto refusal = [this] { return RefusalOf([this] { LoadSettings(flags_); }); };
  EXPECT_EQ(Refusal(std::string("dir = \"a\0b\"", 11)),
            "bad_settings FILE:1:9: this is not text in UTF-8 | is it the right file?");
  EXPECT_EQ(Refusal("# a\n\xff\xfe"),
            "bad_settings FILE:2:1: this is not text in UTF-8 | is it the right file?");
  EXPECT_EQ(Refusal(std::string(1 << 20, '#')), "accepted");
  EXPECT_EQ(
      Refusal(std::string((1 << 20) + 1, '#')),
      "file_read the configuration file \"FILE\" is larger than 1 MiB | is it the right file?");
  std::filesystem::remove(flags_.config);
  ASSERT_EQ(mkfifo(flags_.config.c_str(), 0600), 0);
  EXPECT_THAT(refusal(), HasSubstr("\"FILE\" is a pipe or a socket"));
  flags_.config = "/dev/zero";
  EXPECT_THAT(refusal(), HasSubstr("is larger than 1 MiB"));
  flags_.config = "/dev/null";
  EXPECT_EQ(refusal(), "accepted");
  flags_.config = root_.string();
  EXPECT_EQ(refusal(), "file_read the configuration file \"FILE\" is a folder | name a file in it");
}

// The library's destructor went down one call for each part of a key, and off the stack.
TEST_F(SettingsTest, RefusesAKeyThatWouldEndTheProgram) {
  std::string key = "a";
  for (int i = 0; i < 100'000; ++i) key += ".a";
  EXPECT_THAT(Refusal("\n" + key + " = 1"), HasSubstr("FILE:2:1: there are more than 256 \".\""));
  EXPECT_THAT(Refusal("[" + key + "]"), HasSubstr("FILE:1:1: there are more than 256 \".\""));
  EXPECT_THAT(Refusal("a" + key.substr(0, 401) + " = 1"), HasSubstr("unknown key"));
}

TEST_F(SettingsTest, RefusesANulThatAValueHidesInAnEscape) {
  for (const char* line :
       {"dir = \"a\\u0000b\"", "[end_blockers]\nusers = [\"a\\u0000\"]",
        "[hooks]\nafter_run = [\"/bin/true\", \"\\u0000\"]", "[variables]\nA = \"\\u0000\""}) {
    EXPECT_THAT(Refusal(line), HasSubstr("must not have a NUL")) << line;
  }
}

TEST_F(SettingsTest, FindsTheFirstMistakeOfTheFileAndNotOfTheAlphabet) {
  EXPECT_THAT(Refusal("zzzz = 1\naaaa = 1"), HasSubstr("FILE:1:1: unknown key \"zzzz\""));
}

// "backup.keep" in quotes is one name with a point in it, and TOML sees no double.
TEST_F(SettingsTest, AQuotedPointIsPartOfANameAndNoPath) {
  EXPECT_THAT(Refusal("\"backup.keep\" = 3"), HasSubstr("FILE:1:1: unknown key"));
  EXPECT_THAT(Refusal("dir = \"a\"\ndir = \"b\""),
              HasSubstr("FILE:2:7: this key stands here for the second time | one of the two"));
}

TEST_F(SettingsTest, TakesWhatBelongsToTheTargetFromAnAgentsFile) {
  const std::string top =
      "listen = \"off\"\nschema = \"a\"\nmigration_lock_wait = \"5s\"\n[socket]\nmode = \"0600\"\n";
  EXPECT_EQ(Load(top).run.names.schema, "a");
  const Settings one = Load(top + "[target.shop]\nschema = \"b\"\napply.interval = \"1h\"");
  EXPECT_EQ(one.run.names.schema, "b");
  EXPECT_EQ(one.run.migration_lock_wait, std::chrono::seconds(5));
}

TEST_F(SettingsTest, ChecksWhatBelongsToTheAgent) {
  EXPECT_THAT(Refusal("listen = \"8432\""), HasSubstr("FILE:1:10: \"listen\" must be HOST:PORT"));
  EXPECT_THAT(Refusal("[target.a]\nrefresh = \"1\""),
              HasSubstr("FILE:2:11: \"refresh\" must be a time"));
}

// A broken variable of the agent's is no reason why the command line should not work.
TEST_F(SettingsTest, DoesNotReadTheAgentsVariables) {
  Set("LOCKSTEP_LISTEN", "nonsense");
  Set("LOCKSTEP_REFRESH", "nonsense");
  EXPECT_EQ(Refusal(""), "accepted");
}

TEST_F(SettingsTest, OfSeveralTargetsOneHasToBeNamed) {
  const std::string two =
      "schema = \"top\"\n[target.shop]\ndir = \"s\"\n[target.crm]\nschema = \"c\"";
  EXPECT_EQ(Refusal(two),
            "usage \"FILE\" has several targets: \"shop\", \"crm\" | "
            "say which one is meant with --target NAME");
  flags_.target = "shop";
  EXPECT_EQ(Load(two).folder, "s");
  EXPECT_EQ(Load(two).run.names.schema, "top");
  flags_.target = "crm";
  EXPECT_EQ(Load(two).folder, "migrations");
  EXPECT_EQ(Load(two).run.names.schema, "c");
  flags_.target = "shob";
  EXPECT_EQ(Refusal(two),
            "usage there is no target \"shob\": \"FILE\" has \"shop\", \"crm\" | "
            "did you mean \"shop\"?");
}

TEST_F(SettingsTest, WithoutSectionsTheTargetIsTheDefaultOne) {
  flags_.target = "default";
  EXPECT_EQ(Refusal(""), "accepted");
  flags_.target = "shop";
  EXPECT_EQ(Refusal(""),
            "usage there is no target \"shop\": \"FILE\" has no section [target.NAME] | ");
}

// DATABASE_URL of a shell says nothing about which of the targets it is.
TEST_F(SettingsTest, AVariableDoesNotReplaceTheDatabaseOfANamedTargetButAFlagDoes) {
  const std::string two = "[target.a]\ndatabase_url = \"postgresql://a/x\"\n[target.b]";
  flags_.target = "a";
  Set("DATABASE_URL", "postgresql://u:canary@shell/x");
  EXPECT_THAT(Refusal(two),
              HasSubstr("bad_settings DATABASE_URL cannot be for all targets at once"));
  EXPECT_THAT(Refusal(two), Not(HasSubstr("canary")));
  Set("DATABASE_URL", "");
  flags_.database_url = "postgresql://flag/x";
  EXPECT_EQ(Load(two).url->Get("host"), "flag");
}

TEST_F(SettingsTest, AnEmptyFileChangesNothing) { EXPECT_EQ(Load("").folder, "migrations"); }

// Faults: D25.
TEST_F(SettingsTest, ReadsThePasswordFileAtEachConnect) {
  const std::string path = (root_ / "pw").string();
  settings_.url = ConnectionUrl::Parse("postgresql://u@h/x");
  settings_.password_file = path;
  std::ofstream(path) << "first\n";
  chmod(path.c_str(), 0600);
  EXPECT_EQ(TargetUrl(settings_).Get("password"), "first");
  std::ofstream(path) << "second\r\n";
  EXPECT_EQ(TargetUrl(settings_).Get("password"), "second");
  chmod(path.c_str(), 0640);
  EXPECT_THROW(TargetUrl(settings_), Error);
}

TEST_F(SettingsTest, RefusesAPasswordFileThatIsNoneOrEmpty) {
  settings_.url = ConnectionUrl::Parse("postgresql://u@h/x");
  settings_.password_file = root_.string();
  EXPECT_THROW(TargetUrl(settings_), Error);
  settings_.password_file = (root_ / "none").string();
  EXPECT_THROW(TargetUrl(settings_), Error);
  settings_.password_file = (root_ / "pw").string();
  std::ofstream(settings_.password_file) << "\n";
  chmod(settings_.password_file.c_str(), 0600);
  EXPECT_THROW(TargetUrl(settings_), Error);
}

}  // namespace
}  // namespace lockstep
