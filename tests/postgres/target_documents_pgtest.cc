// What an agent makes from one session and one look is what the commands answer, and what it runs
// is the folder that it has checked.
#include <set>

#include "commands/target_documents.h"
#include "commands/upgrade.h"
#include "postgres/connection_pool.h"
#include "support/command_fixture.h"
#include "support/test_database.h"

namespace lockstep {
namespace {

class TargetDocuments : public CommandFixture {
 protected:
  TargetDocuments() {
    settings_.url = database_.url();
    RequireSuccess(watcher_.session->Send("set application_name = 'watcher'"));
  }

  CommandContext Context() { return {settings_, clock_, observer_, stop_.tokens(), confirm_}; }

  // `blockers` tells of our other sessions, and a backend lives a little longer than its session.
  void WaitUntilNobodyElseIsThere() {
    while (watcher_.session
               ->Query("select pg_catalog.count(*) from pg_catalog.pg_stat_activity"
                       " where datname = pg_catalog.current_database()"
                       " and application_name like 'lockstep/%'")
               .Int(0, 0) != 0) {
    }
  }

  // Of status, history, plan and blockers, made from one look.
  std::vector<std::string> Documents() {
    WaitUntilNobodyElseIsThere();
    const MigrationFolder folder = LoadFolder(settings_);
    ConnectionPool pool(TargetSessions(settings_), {}, clock_);
    SeenTarget seen{pool.Borrow({}), {}};
    seen.look = ReadLook(seen.session(), settings_.run.names);
    return {Text(StatusDocument(settings_, folder, seen)),
            Text(HistoryDocument(settings_, folder, seen)),
            Text(PlanDocument(settings_, folder, seen, "head")),
            Text(BlockersDocument(settings_, folder, seen))};
  }
  std::vector<std::string> Answers() {
    std::vector<std::string> answers;
    for (const char* command : {"status", "history", "plan", "blockers"}) {
      WaitUntilNobodyElseIsThere();
      answers.push_back(Text(Run(command).document));
    }
    return answers;
  }

  TestDatabase database_;
  OpenedSession watcher_ = database_.Open();
};

TEST_F(TargetDocuments, AreTheCommandsAnswersWhereverTheDatabaseStands) {
  WriteTwo();
  EXPECT_EQ(Documents(), Answers()) << "nothing applied";
  Run("upgrade", {"a"});
  EXPECT_EQ(Documents(), Answers()) << "one pending";
  WritePair("c", "", "select 1/0;");
  Run("upgrade");
  EXPECT_EQ(Documents(), Answers()) << "one failed";
  std::filesystem::remove(std::filesystem::path(settings_.folder) / "c.up.sql");
  std::filesystem::remove(std::filesystem::path(settings_.folder) / "c.down.sql");
  EXPECT_EQ(Documents(), Answers()) << "at head";
}

TEST_F(TargetDocuments, AreTheCommandsAnswersWhereTheyRefuse) {
  WriteTwo();
  database_.Sql(
      "create table alembic_version (version_num varchar(32) primary key);"
      "insert into alembic_version values ('a')");
  EXPECT_EQ(Documents(), Answers()) << "Alembic's";
  Write("0_bad.up.sql", "-- what: is this\n");
  const std::vector<std::string> documents = Documents();
  EXPECT_NE(documents.front().find("the migrations have errors"), std::string::npos);
  EXPECT_EQ(documents, Answers()) << "a broken folder";
}

TEST_F(TargetDocuments, TellWhoStandsInTheWay) {
  WritePair("a", "", "create table a (id int);");
  Run("upgrade");
  WritePair("b", "", "alter table public.a add column b int;");
  const OpenedSession reader = database_.Open();
  RequireSuccess(
      reader.session->Send("set application_name = 'reader'; begin; select from public.a"));
  const json::value blockers = json::parse(Documents().back()).at("blockers");
  ASSERT_EQ(blockers.as_array().size(), 1U);
  EXPECT_EQ(blockers.at(0).at("pid").to_number<int>(), reader.session->backend_pid());
}

TEST_F(TargetDocuments, UpgradeRunsTheFolderThatItIsGiven) {
  WriteTwo();
  const MigrationFolder folder = LoadFolder(settings_);
  WritePair("c", "", "create table c (id int);");
  const CommandAnswer answer = RunUpgradeOn(Context(), folder, "head");
  EXPECT_EQ(answer.exit_code, ExitCode::kDone) << Text(answer.document);
  EXPECT_EQ(Text(Run("current").document.at("revisions")), R"(["b"])");
  EXPECT_TRUE(Text(answer.document).starts_with(R"({"command":"upgrade","schema_version":1,)"));
  EXPECT_TRUE(answer.document.contains("next"));
  EXPECT_EQ(RunUpgradeOn(Context(), folder, "nope+x").exit_code, ExitCode::kUsage);
}

TEST_F(TargetDocuments, DowngradeOfAGivenFolderAsksBeforeNothingStays) {
  WriteTwo();
  const MigrationFolder folder = LoadFolder(settings_);
  RunUpgradeOn(Context(), folder, "head");
  const CommandAnswer unasked = RunDowngradeOn(Context(), folder, "base");
  EXPECT_EQ(ErrorCodeIn(unasked), "usage");
  EXPECT_EQ(unasked.document.at("command").as_string(), "downgrade");
  confirm_ = [](const std::string&) { return true; };
  const CommandAnswer agreed = RunDowngradeOn(Context(), folder, "base");
  EXPECT_EQ(agreed.exit_code, ExitCode::kDone) << Text(agreed.document);
  EXPECT_EQ(database_.Value("select to_regclass('public.a') is null"), "t");
}

TEST_F(TargetDocuments, BrokenFoldersRunNothing) {
  Write("0_bad.up.sql", "-- what: is this\n");
  const CommandAnswer answer = RunUpgradeOn(Context(), LoadFolder(settings_), "head");
  EXPECT_EQ(answer.exit_code, ExitCode::kBadMigration);
  EXPECT_EQ(answer.document.at("state").as_string(), "invalid");
}

TEST_F(TargetDocuments, ARunsLookoutTakesItsSessionFromThePool) {
  WritePair("a", "", "create table a (id int);");
  WritePair("b", "", "alter table public.a add column b int;");
  SystemClock clock;
  std::set<std::string> purposes;
  const SessionFactory direct = TargetSessions(settings_);
  ConnectionPool pool(
      [&](const SessionOptions& options) {
        purposes.insert(options.purpose);
        return direct(options);
      },
      {}, clock);
  CommandContext context{settings_, clock, observer_, stop_.tokens(), {}, pool.factory()};
  EXPECT_EQ(RunUpgradeOn(context, LoadFolder(settings_), "head").exit_code, ExitCode::kDone);
  EXPECT_EQ(purposes, std::set<std::string>{"reads"});
  EXPECT_EQ(pool.figures().idle, 1);
  EXPECT_EQ(
      pool.Borrow({}).session->Query("select current_setting('statement_timeout')").Text(0, 0),
      "0");
}

}  // namespace
}  // namespace lockstep
