// The commands against a real database: their documents, exit codes and what they leave behind.
#include "postgres/advisory_lock.h"
#include "postgres/history_table.h"
#include "support/command_fixture.h"
#include "support/test_database.h"

namespace lockstep {
namespace {

class CommandsPg : public CommandFixture {
 protected:
  CommandsPg() { settings_.url = database_.url(); }

  void WriteThree() {
    WriteTwo();
    WritePair("c", "-- description: third\n", "create table c (id int);", "drop table c;");
  }
  void MakeAlembicTable(const std::string& revision) {
    database_.Sql(
        "create table alembic_version (version_num varchar(32) primary key);"
        "insert into alembic_version values ('" +
        revision + "')");
  }
  std::string Tables() {
    return database_.Value(
        "select coalesce(string_agg(tablename, ',' order by tablename), '') "
        "from pg_tables where schemaname = 'public'");
  }
  std::string Applied() { return Text(Run("current").document.at("revisions")); }
  json::value At(const CommandAnswer& answer, const std::string& key) {
    return answer.document.at(key);
  }
  std::string StateOf(const std::string& revision) {
    return std::string(Run("show", {revision}).document.at("migration").at("state").as_string());
  }

  TestDatabase database_;
};

// ---- Looking ---------------------------------------------------------------------------------

TEST_F(CommandsPg, EverythingIsPendingOnADatabaseWithoutBookkeeping) {
  WriteTwo();
  const CommandAnswer answer = Run("current");
  EXPECT_EQ(answer.exit_code, ExitCode::kDone);
  EXPECT_EQ(At(answer, "state").as_string(), "empty");
  EXPECT_EQ(At(answer, "pending").to_number<int>(), 2);
  EXPECT_EQ(At(answer, "next").as_string(), "lockstep upgrade");
  EXPECT_EQ(Text(At(answer, "heads")), R"(["b"])");
  EXPECT_EQ(Run("current", {}, {{"check-heads", "true"}}).exit_code, ExitCode::kPending);
  EXPECT_EQ(Run("plan", {}, {{"exit-code", "true"}}).exit_code, ExitCode::kPending);
  EXPECT_EQ(database_.Value("select to_regnamespace('lockstep') is null"), "t");
}

TEST_F(CommandsPg, CurrentAndHistoryTellWhatUpgradeDid) {
  WriteTwo();
  const CommandAnswer upgrade = Run("upgrade");
  ASSERT_EQ(upgrade.exit_code, ExitCode::kDone) << Text(upgrade.document);
  EXPECT_EQ(At(upgrade, "state").as_string(), "done");
  EXPECT_EQ(At(upgrade, "applied").as_array().size(), 2U);
  EXPECT_EQ(At(upgrade, "applied").at(1).at("description").as_string(), "second");
  EXPECT_TRUE(At(upgrade, "error").is_null());
  const CommandAnswer current = Run("current", {}, {{"check-heads", "true"}});
  EXPECT_EQ(current.exit_code, ExitCode::kDone);
  EXPECT_EQ(At(current, "state").as_string(), "at_head");
  const json::value history = At(Run("history"), "migrations");
  EXPECT_EQ(history.at(0).at("state").as_string(), "applied");
  EXPECT_EQ(history.at(0).at("kind").as_string(), "applied");
  EXPECT_TRUE(history.at(1).at("is_current").as_bool());
  EXPECT_FALSE(history.at(1).at("applied_by").at("role").as_string().empty());
  EXPECT_EQ(Run("show", {"b"}).document.at("stored_down").as_string(), "drop table b;\n");
}

TEST_F(CommandsPg, UpgradeWithNothingToDoSaysSo) {
  WriteTwo();
  Run("upgrade");
  const CommandAnswer again = Run("upgrade");
  EXPECT_EQ(again.exit_code, ExitCode::kDone);
  EXPECT_EQ(At(again, "state").as_string(), "nothing_to_do");
}

TEST_F(CommandsPg, ReadersLookWithoutTheRightToChangeAnything) {
  WriteTwo();
  const std::string reader = database_.CreateRole("reader", "pw");
  ASSERT_EQ(Run("init", {}, {{"reader", reader}}).exit_code, ExitCode::kDone);
  ASSERT_EQ(Run("upgrade", {"a"}).exit_code, ExitCode::kDone);
  settings_.url = database_.UrlAs(reader, "pw");
  for (const char* command : {"current", "history", "plan", "status", "blockers", "lock show"}) {
    const CommandAnswer answer = Run(command);
    EXPECT_EQ(answer.exit_code, ExitCode::kDone) << command << Text(answer.document);
  }
  EXPECT_EQ(Applied(), R"(["a"])");
  EXPECT_EQ(Run("wait", {}, {{"for", "a"}}).exit_code, ExitCode::kDone);
}

TEST_F(CommandsPg, ReadOnlyDatabasesCanBeLookedAtAndAreNotChanged) {
  WriteTwo();
  Run("upgrade", {"a"});
  database_.Sql("alter database \"" + database_.name() +
                "\" set default_transaction_read_only = on");
  EXPECT_EQ(Applied(), R"(["a"])");
  for (const char* command : {"upgrade", "stamp"}) {
    const CommandAnswer answer = Run(command, {"head"});
    EXPECT_EQ(answer.exit_code, ExitCode::kSettings) << command << Text(answer.document);
    EXPECT_EQ(ErrorCodeIn(answer), "read_only");
  }
}

TEST_F(CommandsPg, PlanShowsStepsReasonsAndStatements) {
  WriteTwo();
  const CommandAnswer up = Run("plan");
  EXPECT_EQ(At(up, "direction").as_string(), "up");
  ASSERT_EQ(At(up, "steps").as_array().size(), 2U);
  const json::value step = At(up, "steps").at(0);
  EXPECT_FALSE(step.at("reason").as_string().empty());
  EXPECT_TRUE(step.at("transactional").as_bool());
  EXPECT_EQ(step.at("statements").at(0).at("kind").as_string(), "CREATE TABLE");
  EXPECT_TRUE(At(up, "sql").is_null());
  Run("upgrade");
  EXPECT_EQ(Run("plan", {}, {{"exit-code", "true"}}).exit_code, ExitCode::kDone);
  const CommandAnswer down = Run("plan", {"-1"}, {{"downgrade", "true"}});
  EXPECT_EQ(At(down, "direction").as_string(), "down");
  EXPECT_EQ(At(down, "steps").at(0).at("revision").as_string(), "b");
  EXPECT_EQ(At(down, "next").as_string(), "lockstep downgrade -1");
}

TEST_F(CommandsPg, PlanPrintsSqlThatRunsByHand) {
  WriteTwo();
  const CommandAnswer plan = Run("plan", {}, {{"sql", "true"}});
  database_.Sql(std::string(At(plan, "sql").as_string()));
  EXPECT_EQ(Tables(), "a,b");
}

TEST_F(CommandsPg, PlanThatCannotBeMadeGivesItsReasons) {
  WriteTwo();
  const CommandAnswer answer = Run("plan", {"zzz"});
  EXPECT_EQ(answer.exit_code, ExitCode::kBadMigration);
  EXPECT_EQ(CodeOfFirstDiagnostic(answer), "unknown-revision");
}

// ---- Failing ---------------------------------------------------------------------------------

TEST_F(CommandsPg, AFailureNamesItsPlaceAndIsRemembered) {
  WriteTwo();
  WritePair("c", "", "select nope\nfrom a;", "select 1;");
  const CommandAnswer answer = Run("upgrade");
  EXPECT_EQ(answer.exit_code, ExitCode::kBadMigration);
  EXPECT_EQ(At(answer, "state").as_string(), "failed");
  EXPECT_EQ(At(answer, "applied").as_array().size(), 2U);
  const json::value error = At(answer, "error");
  EXPECT_EQ(error.at("revision").as_string(), "c");
  EXPECT_EQ(error.at("sqlstate").as_string(), "42703");
  EXPECT_EQ(error.at("line").to_number<int>(), 2);
  EXPECT_EQ(error.at("column").to_number<int>(), 8);
  EXPECT_EQ(error.at("source_line").as_string(), "select nope");
  const CommandAnswer current = Run("current");
  EXPECT_EQ(At(current, "state").as_string(), "failed");
  EXPECT_EQ(At(current, "failures").at(0).at("sqlstate").as_string(), "42703");
  EXPECT_EQ(StateOf("c"), "failed");
  EXPECT_EQ(At(Run("status"), "last_error").at("revision").as_string(), "c");
}

TEST_F(CommandsPg, AFailedStateEndsAWaitAtOnce) {
  WritePair("a", "", "select nope;", "select 1;");
  Run("upgrade");
  clock_.on_sleep = [] { FAIL() << "it slept"; };
  const CommandAnswer answer = Run("wait");
  EXPECT_EQ(answer.exit_code, ExitCode::kBadMigration);
  EXPECT_EQ(At(answer, "state").as_string(), "failed");
  EXPECT_EQ(At(answer, "failure").at("revision").as_string(), "a");
}

// ---- Going down ------------------------------------------------------------------------------

TEST_F(CommandsPg, DowngradeToBaseAsksFirst) {
  WriteTwo();
  Run("upgrade");
  EXPECT_EQ(Run("downgrade", {"base"}).exit_code, ExitCode::kUsage);
  confirm_ = [](const std::string&) { return false; };
  EXPECT_EQ(Run("downgrade", {"-2"}).exit_code, ExitCode::kTemporary);
  EXPECT_EQ(Tables(), "a,b");
  confirm_ = [](const std::string&) { return true; };
  const CommandAnswer answer = Run("downgrade", {"base"});
  EXPECT_EQ(answer.exit_code, ExitCode::kDone) << Text(answer.document);
  EXPECT_EQ(At(answer, "rolled_back").at(0).at("revision").as_string(), "b");
  EXPECT_EQ(Tables(), "");
}

TEST_F(CommandsPg, DowngradeByOneAsksNothing) {
  WriteTwo();
  Run("upgrade");
  confirm_ = [](const std::string&) -> std::optional<bool> {
    ADD_FAILURE() << "it asked";
    return false;
  };
  EXPECT_EQ(Run("downgrade", {"-1"}).exit_code, ExitCode::kDone);
  EXPECT_EQ(Tables(), "a");
}

// ---- Recording without running ---------------------------------------------------------------

TEST_F(CommandsPg, StampRecordsAncestorsAndTakesBackDescendants) {
  WriteThree();
  const CommandAnswer up = Run("stamp", {"b"});
  ASSERT_EQ(up.exit_code, ExitCode::kDone) << Text(up.document);
  EXPECT_EQ(Text(At(up, "stamped")), R"(["a","b"])");
  EXPECT_EQ(Tables(), "");
  const CommandAnswer down = Run("stamp", {"a"});
  EXPECT_EQ(Text(At(down, "unstamped")), R"(["b"])");
  EXPECT_EQ(Applied(), R"(["a"])");
  const CommandAnswer same = Run("stamp", {"a"});
  EXPECT_EQ(same.exit_code, ExitCode::kDone);
  EXPECT_EQ(Text(At(same, "stamped")), "[]");
}

TEST_F(CommandsPg, StampForgetsForeignRevisionsOnlyWhenToldTo) {
  WriteThree();
  Run("stamp", {"c"});
  std::filesystem::remove(settings_.folder + "/c.up.sql");
  std::filesystem::remove(settings_.folder + "/c.down.sql");
  EXPECT_EQ(StateOf("c"), "ahead");
  EXPECT_EQ(At(Run("current"), "state").as_string(), "ahead");
  const CommandAnswer refused = Run("stamp", {"b"});
  EXPECT_EQ(refused.exit_code, ExitCode::kBadMigration);
  EXPECT_EQ(CodeOfFirstDiagnostic(refused), "ahead");
  const CommandAnswer purged = Run("stamp", {"b"}, {{"purge", "true"}});
  EXPECT_EQ(Text(At(purged, "unstamped")), R"(["c"])");
  EXPECT_EQ(Applied(), R"(["b"])");
}

TEST_F(CommandsPg, StampKeepsAlembicsTableInStep) {
  WriteTwo();
  MakeAlembicTable("a");
  Run("adopt alembic");
  Run("stamp", {"b"});
  EXPECT_EQ(database_.Value("select version_num from alembic_version"), "b");
  settings_.run.alembic = AlembicSync::kOff;
  Run("stamp", {"a"});
  EXPECT_EQ(database_.Value("select version_num from alembic_version"), "b");
}

// ---- Adopting --------------------------------------------------------------------------------

TEST_F(CommandsPg, AdoptMarksTheAncestorsAndRunsNothing) {
  WriteThree();
  MakeAlembicTable("b");
  const CommandAnswer refused = Run("upgrade");
  EXPECT_EQ(refused.exit_code, ExitCode::kBadMigration);
  EXPECT_EQ(CodeOfFirstDiagnostic(refused), "alembic-not-adopted");
  EXPECT_EQ(At(refused, "next").as_string(), "lockstep adopt alembic");
  EXPECT_EQ(Run("stamp", {"head"}).exit_code, ExitCode::kBadMigration);
  EXPECT_EQ(At(Run("current"), "next").as_string(), "lockstep adopt alembic");

  const CommandAnswer adopted = Run("adopt alembic");
  ASSERT_EQ(adopted.exit_code, ExitCode::kDone) << Text(adopted.document);
  EXPECT_EQ(Text(At(adopted, "adopted")), R"(["a","b"])");
  EXPECT_EQ(At(adopted, "next").as_string(), "lockstep upgrade");
  EXPECT_EQ(Tables(), "alembic_version");
  EXPECT_EQ(Run("show", {"a"}).document.at("migration").at("kind").as_string(), "adopted");

  EXPECT_EQ(Run("upgrade").exit_code, ExitCode::kDone);
  EXPECT_EQ(Tables(), "alembic_version,c");
  EXPECT_EQ(database_.Value("select version_num from alembic_version"), "c");
}

TEST_F(CommandsPg, AdoptRefusesARevisionThatTheFolderLacks) {
  WriteTwo();
  MakeAlembicTable("feedbeef");
  const CommandAnswer answer = Run("adopt alembic");
  EXPECT_EQ(answer.exit_code, ExitCode::kBadMigration);
  EXPECT_NE(Text(answer.document).find("Can't locate revision identified by 'feedbeef'"),
            std::string::npos);
  EXPECT_EQ(database_.Value("select to_regnamespace('lockstep') is null"), "t");
}

TEST_F(CommandsPg, AdoptRefusesWhatIsNotAlembicsOrOursAlready) {
  WriteTwo();
  EXPECT_EQ(CodeOfFirstDiagnostic(Run("adopt alembic")), "no-alembic-table");
  Run("upgrade");
  MakeAlembicTable("b");
  EXPECT_EQ(CodeOfFirstDiagnostic(Run("adopt alembic")), "history-not-empty");
}

// ---- Repairing and resolving -----------------------------------------------------------------

TEST_F(CommandsPg, RepairShowsTheDifferenceAndRecordsTheFolder) {
  WriteTwo();
  Run("upgrade");
  WritePair("b", "-- description: better\n", "create table b (id int);", "drop table if exists b;");
  EXPECT_EQ(StateOf("b"), "changed");
  EXPECT_EQ(At(Run("upgrade"), "next").as_string(), "lockstep repair");
  WritePair("c", "", "create table c (id int);", "drop table c;");
  EXPECT_EQ(Run("upgrade").exit_code, ExitCode::kBadMigration);
  EXPECT_EQ(Run("repair").exit_code, ExitCode::kUsage);
  EXPECT_EQ(StateOf("b"), "changed");
  confirm_ = [](const std::string&) { return true; };
  const CommandAnswer answer = Run("repair");
  ASSERT_EQ(answer.exit_code, ExitCode::kDone) << Text(answer.document);
  const json::value repair = At(answer, "repairs").at(0);
  EXPECT_EQ(repair.at("revision").as_string(), "b");
  EXPECT_NE(repair.at("up").at("recorded"), repair.at("up").at("folder"));
  const std::string difference(repair.at("down").at("difference").as_string());
  EXPECT_NE(difference.find("-drop table b;\n+drop table if exists b;\n"), std::string::npos);
  EXPECT_NE(observer_.messages.back().find(difference), std::string::npos);
  EXPECT_EQ(StateOf("b"), "applied");
  EXPECT_EQ(Run("upgrade").exit_code, ExitCode::kDone);
  EXPECT_EQ(Run("show", {"b"}).document.at("stored_down").as_string(), "drop table if exists b;\n");
}

TEST_F(CommandsPg, RepairOfOneRevisionLeavesTheOthers) {
  WriteTwo();
  Run("upgrade");
  WritePair("a", "-- description: x\n", "create table a (id int);", "drop table a;");
  WritePair("b", "-- description: y\n", "create table b (id int);", "drop table b;");
  confirm_ = [](const std::string&) { return true; };
  EXPECT_EQ(At(Run("repair", {"a"}), "repairs").as_array().size(), 1U);
  EXPECT_EQ(StateOf("a"), "applied");
  EXPECT_EQ(StateOf("b"), "changed");
}

TEST_F(CommandsPg, RepairHasNothingToAskWhereNothingDiffers) {
  WriteTwo();
  Run("upgrade");
  const CommandAnswer answer = Run("repair");
  EXPECT_EQ(answer.exit_code, ExitCode::kDone);
  EXPECT_FALSE(At(answer, "repaired").as_bool());
}

TEST_F(CommandsPg, ResolveEndsAnInterruptedStatement) {
  WritePair("a", "-- transaction: off\n", "select 1;\nselect 2;", "select 3;");
  Run("init");
  const auto interrupt = [this] {
    const OpenedSession opened = database_.Open();
    const RunIdentity run = BumpFence(*opened.session, settings_.run.names);
    RequireSuccess(opened.session->Send(BeginStatementSql(
        settings_.run.names, run, database_.Value("select gen_random_uuid()"),
        {.revision = "a", .direction = "up", .ordinal = 1, .statement_hash = "x"})));
  };
  interrupt();
  EXPECT_EQ(StateOf("a"), "started");
  const CommandAnswer applied = Run("resolve", {"a"}, {{"applied", "true"}});
  ASSERT_EQ(applied.exit_code, ExitCode::kDone) << Text(applied.document);
  EXPECT_EQ(At(applied, "statement").to_number<int>(), 1);
  EXPECT_EQ(At(applied, "next").as_string(), "lockstep upgrade");
  EXPECT_EQ(database_.Value("select done from lockstep.progress"), "t");
  EXPECT_EQ(Run("resolve", {"a"}, {{"applied", "true"}}).exit_code, ExitCode::kUsage);
  interrupt();
  EXPECT_EQ(Run("resolve", {"a"}, {{"not-applied", "true"}}).exit_code, ExitCode::kDone);
  EXPECT_EQ(database_.Value("select count(*) from lockstep.progress"), "0");
}

// ---- Locks -----------------------------------------------------------------------------------

TEST_F(CommandsPg, LockShowNamesTheHolderAndChangesGiveUpInTime) {
  WriteTwo();
  EXPECT_TRUE(At(Run("lock show"), "key").is_null());
  Run("init");
  EXPECT_FALSE(At(Run("lock show"), "held").as_bool());
  const OpenedSession holder = database_.Open("upgrade/a");
  const Look look = ReadLook(*holder.session, settings_.run.names);
  ASSERT_TRUE(TryLock(*holder.session, {kMigrationLockSpace, *look.bookkeeping.history_oid}));
  const CommandAnswer shown = Run("lock show");
  EXPECT_TRUE(At(shown, "held").as_bool());
  EXPECT_EQ(At(shown, "holder").at("pid").to_number<int>(), holder.facts.backend_pid);
  EXPECT_EQ(At(Run("status"), "run").at("revision").as_string(), "a");
  const CommandAnswer busy = Run("stamp", {"a"});
  EXPECT_EQ(busy.exit_code, ExitCode::kTemporary);
  EXPECT_EQ(ErrorCodeIn(busy), "busy");
  EXPECT_NE(Text(busy.document).find(std::to_string(holder.facts.backend_pid)), std::string::npos);
}

TEST_F(CommandsPg, AStopWhileWaitingForTheLockChangesNothing) {
  WriteTwo();
  Run("init");
  const OpenedSession holder = database_.Open();
  const Look look = ReadLook(*holder.session, settings_.run.names);
  ASSERT_TRUE(TryLock(*holder.session, {kMigrationLockSpace, *look.bookkeeping.history_oid}));
  stop_.RequestAfterCurrent();
  const CommandAnswer stopped = Run("stamp", {"a"});
  EXPECT_EQ(stopped.exit_code, ExitCode::kTemporary);
  EXPECT_EQ(ErrorCodeIn(stopped), "stopped");
  EXPECT_EQ(Applied(), "[]");
}

TEST_F(CommandsPg, ChangesGiveTheLockBack) {
  WriteTwo();
  Run("stamp", {"a"});
  EXPECT_FALSE(At(Run("lock show"), "held").as_bool());
}

// ---- Waiting ---------------------------------------------------------------------------------

TEST_F(CommandsPg, WaitEndsWhenTheSchemaArrives) {
  WriteTwo();
  int sleeps = 0;
  clock_.on_sleep = [&] {
    if (++sleeps == 3) Run("stamp", {"b"});
  };
  const CommandAnswer answer = Run("wait", {}, {{"for", "b"}});
  EXPECT_EQ(answer.exit_code, ExitCode::kDone);
  EXPECT_EQ(At(answer, "state").as_string(), "reached");
  EXPECT_EQ(sleeps, 3);
}

TEST_F(CommandsPg, WaitTimesOutAndSaysWhatIsMissing) {
  WriteTwo();
  const CommandAnswer answer = Run("wait", {}, {{"timeout", "10s"}});
  EXPECT_EQ(answer.exit_code, ExitCode::kTemporary);
  EXPECT_EQ(At(answer, "state").as_string(), "timeout");
  EXPECT_EQ(Text(At(answer, "waiting_for")), R"(["a","b"])");
  EXPECT_DOUBLE_EQ(At(answer, "waited_seconds").as_double(), 10);
}

TEST_F(CommandsPg, WaitLooksAgainAfterItsConnectionWasLost) {
  WriteTwo();
  int sleeps = 0;
  clock_.on_sleep = [&] {
    if (++sleeps == 1) {
      database_.Sql(
          "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
          "where application_name = 'lockstep/wait' and datname = current_database()");
    }
    if (sleeps == 2) Run("stamp", {"b"});
  };
  EXPECT_EQ(Run("wait").exit_code, ExitCode::kDone);
  EXPECT_GE(sleeps, 2);
}

TEST_F(CommandsPg, WaitForARevisionNeedsNoFolder) {
  WriteTwo();
  Run("stamp", {"b"});
  settings_.folder = (root_ / "none").string();
  EXPECT_EQ(Run("wait", {}, {{"for", "b"}}).exit_code, ExitCode::kDone);
  EXPECT_EQ(Run("wait", {}, {{"for", "head"}}).exit_code, ExitCode::kCannotRead);
}

TEST_F(CommandsPg, WaitEndsOnRequest) {
  WriteTwo();
  clock_.on_sleep = [this] { stop_.RequestAfterCurrent(); };
  const CommandAnswer answer = Run("wait");
  EXPECT_EQ(answer.exit_code, ExitCode::kTemporary);
  EXPECT_EQ(At(answer, "state").as_string(), "stopped");
}

// ---- The rest --------------------------------------------------------------------------------

TEST_F(CommandsPg, BlockersShowsBothSides) {
  WriteTwo();
  EXPECT_EQ(Text(At(Run("blockers"), "ours")), "[]");
  const OpenedSession ours = database_.Open("upgrade");
  const json::value listed = At(Run("blockers"), "ours");
  ASSERT_EQ(listed.as_array().size(), 1U);
  EXPECT_EQ(listed.at(0).at("pid").to_number<int>(), ours.facts.backend_pid);
}

TEST_F(CommandsPg, StatusIsOnePageOfEverything) {
  WriteTwo();
  MakeAlembicTable("a");
  Run("adopt alembic");
  const CommandAnswer answer = Run("status");
  ASSERT_EQ(answer.exit_code, ExitCode::kDone) << Text(answer.document);
  EXPECT_EQ(At(answer, "state").as_string(), "pending");
  EXPECT_EQ(At(answer, "last_change").at("revision").as_string(), "a");
  EXPECT_EQ(Text(At(answer, "alembic")), R"({"table":"public.alembic_version","heads":["a"]})");
  EXPECT_EQ(At(answer, "bookkeeping").at("format").to_number<int>(), NewestBookkeepingFormat());
  EXPECT_EQ(At(answer, "server").at("database").as_string(), database_.name());
  EXPECT_TRUE(At(answer, "agent").is_null());
  EXPECT_TRUE(At(answer, "last_error").is_null());
}

TEST_F(CommandsPg, InitGivesARoleWhatItNeedsToMigrate) {
  WriteTwo();
  const std::string login = database_.CreateRole("login", "pw");
  database_.Sql("grant create, usage on schema public to \"" + login + "\"");
  const CommandAnswer init = Run("init", {}, {{"login", login}});
  ASSERT_EQ(init.exit_code, ExitCode::kDone) << Text(init.document);
  EXPECT_EQ(At(init, "format_before").to_number<int>(), 0);
  settings_.url = database_.UrlAs(login, "pw");
  const CommandAnswer upgrade = Run("upgrade");
  EXPECT_EQ(upgrade.exit_code, ExitCode::kDone) << Text(upgrade.document);
  EXPECT_EQ(Run("downgrade", {"-1"}).exit_code, ExitCode::kDone);
  EXPECT_EQ(Run("stamp", {"b"}).exit_code, ExitCode::kDone);
}

TEST_F(CommandsPg, InitForARoleThatDoesNotExistSaysSo) {
  const CommandAnswer answer = Run("init", {}, {{"reader", "nobody_at_all"}});
  EXPECT_EQ(answer.exit_code, ExitCode::kOther);
  EXPECT_NE(Text(answer.document).find("nobody_at_all"), std::string::npos);
}

TEST_F(CommandsPg, VerifyOnANamedServerLeavesNoDatabaseBehind) {
  WriteTwo();
  settings_.url_from_flag = true;
  const CommandAnswer good = Run("verify", {}, {{"all", "true"}});
  EXPECT_EQ(good.exit_code, ExitCode::kDone) << Text(good.document);
  EXPECT_TRUE(At(good, "ok").as_bool());
  WritePair("b", "",
            "create table b (id int); create index b_id on b (id);\ncreate type t as enum ('x');",
            "drop table b;");
  const CommandAnswer bad = Run("verify");
  EXPECT_EQ(bad.exit_code, ExitCode::kBadMigration);
  EXPECT_NE(Text(At(bad, "differences")).find("public.t"), std::string::npos);
  EXPECT_EQ(
      database_.Value("select count(*) from pg_database where datname like 'lockstep_verify%'"),
      "0");
  EXPECT_EQ(Tables(), "");
}

TEST_F(CommandsPg, SandboxRunsUntilItIsStopped) {
  const CommandAnswer started = Run("sandbox", {}, {{"detach", "true"}});
  ASSERT_EQ(started.exit_code, ExitCode::kDone) << Text(started.document);
  const std::string directory(At(started, "directory").as_string());
  EXPECT_NO_THROW(
      OpenSession(ConnectionUrl::Parse(std::string(At(started, "url").as_string())), {}));
  const CommandAnswer stopped = Run("sandbox", {}, {{"stop", directory}});
  EXPECT_TRUE(At(stopped, "stopped").as_bool());
  EXPECT_FALSE(std::filesystem::exists(directory));
}

TEST_F(CommandsPg, SandboxInTheForegroundTellsItsUrlAndGoesWithTheStop) {
  clock_.on_sleep = [this] { stop_.RequestAfterCurrent(); };
  const CommandAnswer answer = Run("sandbox");
  const std::string url(At(answer, "url").as_string());
  ASSERT_EQ(observer_.messages.size(), 1U);
  EXPECT_NE(observer_.messages[0].find(url), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(std::string(At(answer, "directory").as_string())));
}

TEST_F(CommandsPg, NoAnswerHoldsThePassword) {
  WriteTwo();
  const std::string role = database_.CreateRole("canary", "canary-password");
  settings_.url = database_.UrlAs(role, "canary-password");
  for (const char* command : {"current", "history", "plan", "status", "upgrade", "blockers"}) {
    EXPECT_EQ(Text(Run(command).document).find("canary-password"), std::string::npos) << command;
  }
}

}  // namespace
}  // namespace lockstep
