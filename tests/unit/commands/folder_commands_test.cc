// The commands that need no database: heads, branches, history, show, new.
#include "support/command_fixture.h"

namespace lockstep {
namespace {

using FolderCommands = CommandFixture;

std::vector<std::string> Revisions(const json::value& migrations) {
  std::vector<std::string> revisions;
  for (const json::value& migration : migrations.as_array()) {
    revisions.emplace_back(migration.at("revision").as_string());
  }
  return revisions;
}

using Names = std::vector<std::string>;

TEST_F(FolderCommands, HistoryListsFromBaseToHeadWithoutADatabase) {
  WriteTwo();
  const CommandAnswer answer = Run("history");
  EXPECT_EQ(answer.exit_code, ExitCode::kDone);
  EXPECT_TRUE(answer.document.at("target").is_null());
  const json::value& migrations = answer.document.at("migrations");
  EXPECT_EQ(Revisions(migrations), (Names{"a", "b"}));
  EXPECT_EQ(migrations.at(0).at("state").as_string(), "unknown");
  EXPECT_EQ(migrations.at(1).at("description").as_string(), "second");
  EXPECT_EQ(Text(migrations.at(1).at("parents")), R"(["a"])");
  EXPECT_TRUE(migrations.at(1).at("is_head").as_bool());
  EXPECT_EQ(migrations.at(0).at("checksum").as_string().size(), 64U);
}

TEST_F(FolderCommands, HistoryTakesARange) {
  WriteTwo();
  WritePair("c", "");
  WritePair("d", "");
  const auto range = [this](const std::string& text) {
    return Revisions(Run("history", {}, {{"range", text}}).document.at("migrations"));
  };
  EXPECT_EQ(range("b:c"), (Names{"b", "c"}));
  EXPECT_EQ(range(":b"), (Names{"a", "b"}));
  EXPECT_EQ(range("c:"), (Names{"c", "d"}));
  EXPECT_EQ(range("d:a"), Names{});
  EXPECT_EQ(Run("history", {}, {{"range", "b"}}).exit_code, ExitCode::kUsage);
  EXPECT_EQ(Run("history", {}, {{"range", "b:nope"}}).exit_code, ExitCode::kUsage);
}

TEST_F(FolderCommands, HeadsAndBranchesShowWhereLinesPartAndMeet) {
  WritePair("a", "-- revises: none\n-- description: root\n");
  WritePair("b", "-- revises: a\n-- description: left\n");
  WritePair("c", "-- revises: a\n-- description: right\n");
  EXPECT_EQ(Text(Run("heads").document.at("heads")), R"(["b","c"])");
  WritePair("d", "-- revises: b, c\n-- description: both\n");
  EXPECT_EQ(Text(Run("heads").document.at("heads")), R"(["d"])");
  const CommandAnswer answer = Run("branches");
  EXPECT_EQ(Text(answer.document.at("branches")),
            R"([{"revision":"a","description":"root","children":[)"
            R"({"revision":"b","description":"left"},{"revision":"c","description":"right"}]}])");
  EXPECT_EQ(Text(answer.document.at("merges")),
            R"([{"revision":"d","description":"both","parents":["b","c"]}])");
}

TEST_F(FolderCommands, ShowGivesScriptsAndStatements) {
  WriteTwo();
  const json::object document = Run("show", {"a"}).document;
  EXPECT_EQ(document.at("up").as_string(), "-- description: first\n\ncreate table a (id int);\n");
  EXPECT_EQ(document.at("down").as_string(), "drop table a;\n");
  EXPECT_TRUE(document.at("stored_down").is_null());
  EXPECT_EQ(Text(document.at("children")), R"(["b"])");
  EXPECT_EQ(Text(document.at("statements")),
            R"([{"kind":"CREATE TABLE","lock_class":"E","line":3,"column":1}])");
  EXPECT_EQ(Run("show", {"head"}).document.at("migration").at("revision").as_string(), "b");
}

TEST_F(FolderCommands, ShowCannotLocateWhatIsNotThere) {
  WriteTwo();
  const CommandAnswer answer = Run("show", {"zzz"});
  EXPECT_EQ(answer.exit_code, ExitCode::kUsage);
  EXPECT_EQ(answer.document.at("error").at("message").as_string(),
            "Can't locate revision identified by 'zzz'");
}

TEST_F(FolderCommands, ShowNeedsAPrefixOfOneRevision) {
  WritePair("aa1", "");
  WritePair("aa2", "");
  EXPECT_EQ(Run("show", {"aa1"}).exit_code, ExitCode::kDone);
  EXPECT_NE(Text(Run("show", {"aa"}).document).find("several revisions: \\\"aa1\\\", \\\"aa2\\\""),
            std::string::npos);
}

TEST_F(FolderCommands, EveryFolderCommandReportsEveryFaultOfTheFiles) {
  Write("a.up.sql", "-- colour: red\nselect 1;\n");
  Write("b.up.sql", "select 1;\n");
  Write("b.down.sql", "-- colour: red\n");
  for (const char* command : {"heads", "branches", "history"}) {
    const CommandAnswer answer = Run(command);
    EXPECT_EQ(answer.exit_code, ExitCode::kBadMigration) << command;
    EXPECT_GE(answer.document.at("diagnostics").as_array().size(), 3U) << command;
  }
  const CommandAnswer upgrade = Run("upgrade");
  EXPECT_EQ(upgrade.exit_code, ExitCode::kBadMigration);
  EXPECT_EQ(upgrade.document.at("state").as_string(), "invalid");
}

TEST_F(FolderCommands, NewWritesAPairThatRevisesTheHead) {
  WritePair("a", "-- revises: none\n");
  WritePair("b", "-- revises: a\n");
  const CommandAnswer answer = Run("new", {"Add the user's role!"});
  ASSERT_EQ(answer.exit_code, ExitCode::kDone) << Text(answer.document);
  const std::string revision(answer.document.at("revision").as_string());
  EXPECT_EQ(revision.size(), 12U);
  const std::string up(answer.document.at("up").as_string());
  EXPECT_EQ(up, settings_.folder + "/" + revision + "_add_the_user_s_role.up.sql");
  EXPECT_EQ(ReadAll(up), "-- revision: " + revision +
                             "\n-- revises: b\n-- description: Add the user's role!\n\n");
  const CommandAnswer heads = Run("heads");
  EXPECT_EQ(heads.exit_code, ExitCode::kDone) << Text(heads.document);
  EXPECT_EQ(heads.document.at("heads").at(0).as_string(), revision);
}

TEST_F(FolderCommands, NewContinuesTheNumbersWhereNamesGiveTheOrder) {
  WritePair("0008_x", "");
  WritePair("0009_y", "");
  const CommandAnswer answer = Run("new", {"next one"});
  EXPECT_EQ(answer.document.at("up").as_string(), settings_.folder + "/0010_next_one.up.sql");
  EXPECT_EQ(Text(answer.document.at("parents")), R"(["0009"])");
  EXPECT_EQ(Text(Run("heads").document.at("heads")), R"(["0010"])");
}

TEST_F(FolderCommands, NewRefusesToComeBetweenFilesThatNamesOrder) {
  WriteTwo();
  const CommandAnswer answer = Run("new", {"next one"});
  EXPECT_EQ(answer.exit_code, ExitCode::kUsage);
  EXPECT_NE(Text(answer.document).find("\\\"b\\\", the last of them"), std::string::npos);
}

TEST_F(FolderCommands, NewMakesTheFirstMigrationAndItsFolder) {
  settings_.folder = (root_ / "fresh" / "sql").string();
  const CommandAnswer answer = Run("new", {"first"}, {{"no-transaction", "true"}});
  const std::string text = ReadAll(std::string(answer.document.at("up").as_string()));
  EXPECT_NE(text.find("-- revises: none\n"), std::string::npos);
  EXPECT_NE(text.find("-- transaction: off\n"), std::string::npos);
  EXPECT_EQ(Run("heads").exit_code, ExitCode::kDone) << Text(Run("heads").document);
}

TEST_F(FolderCommands, NewLeavesTheDownFileOutWhenThereIsNoWayBack) {
  const CommandAnswer answer = Run("new", {"drop all"}, {{"irreversible", "data is gone"}});
  EXPECT_TRUE(answer.document.at("down").is_null());
  EXPECT_NE(ReadAll(std::string(answer.document.at("up").as_string()))
                .find("-- irreversible: data is gone\n"),
            std::string::npos);
  EXPECT_EQ(Run("heads").exit_code, ExitCode::kDone) << Text(Run("heads").document);
}

TEST_F(FolderCommands, NewAsksForTheParentsWhereThereAreSeveralHeads) {
  WritePair("a", "-- revises: none\n");
  WritePair("b", "-- revises: none\n");
  const CommandAnswer refused = Run("new", {"x"});
  EXPECT_EQ(refused.exit_code, ExitCode::kUsage);
  EXPECT_NE(Text(refused.document).find("--revises a,b"), std::string::npos);
  const CommandAnswer merged = Run("new", {"x"}, {{"revises", "a,b"}});
  EXPECT_EQ(Text(merged.document.at("parents")), R"(["a","b"])");
  EXPECT_EQ(Text(Run("new", {"y"}, {{"revises", "none"}}).document.at("parents")), "[]");
}

TEST_F(FolderCommands, NewRefusesNamesThatGiveNoFileName) {
  for (const char* name : {"", "!!!", "two\nlines", "\xff"}) {
    EXPECT_EQ(Run("new", {name}).exit_code, ExitCode::kUsage) << name;
  }
  EXPECT_TRUE(std::filesystem::is_empty(settings_.folder));
}

TEST_F(FolderCommands, CommandsThatNeedADatabaseSaySo) {
  WriteTwo();
  for (const char* command : {"current", "plan", "upgrade", "status", "wait", "blockers",
                              "lock show", "adopt alembic", "init", "repair"}) {
    const CommandAnswer answer = Run(command);
    EXPECT_EQ(answer.exit_code, ExitCode::kSettings) << command;
    EXPECT_EQ(ErrorCodeIn(answer), "bad_settings") << command;
  }
}

TEST_F(FolderCommands, BadGoalsAndTimesAreUsageErrors) {
  WriteTwo();
  EXPECT_EQ(Run("upgrade", {"@@"}).exit_code, ExitCode::kUsage);
  EXPECT_EQ(Run("downgrade", {"@@"}).exit_code, ExitCode::kUsage);
  EXPECT_EQ(Run("stamp", {"@@"}).exit_code, ExitCode::kUsage);
  EXPECT_EQ(Run("plan", {}, {{"downgrade", "true"}}).exit_code, ExitCode::kUsage);
  EXPECT_EQ(Run("upgrade", {}, {{"keep", "-1"}}).exit_code, ExitCode::kUsage);
  EXPECT_EQ(Run("wait", {}, {{"timeout", "soon"}}).exit_code, ExitCode::kUsage);
  EXPECT_EQ(Run("resolve", {"a"}).exit_code, ExitCode::kUsage);
  EXPECT_EQ(Run("resolve", {"a"}, {{"applied", ""}, {"not-applied", ""}}).exit_code,
            ExitCode::kUsage);
}

}  // namespace
}  // namespace lockstep
