#include <gtest/gtest.h>

#include "base/error.h"
#include "engine/runner.h"
#include "support/fault_session.h"
#include "support/migrations_under_test.h"

namespace lockstep {
namespace {

const SqlFailure& FailureOf(const RunReport& report) {
  return std::get<Failed>(report.steps.back().result).failure;
}

TEST(RunnerTest, AppliesWhatIsPendingInOrderAndThenFindsNothingToDo) {
  MigrationsUnderTest test;
  test.Add("0001_a", "create table a (id int);", "drop table a;");
  test.Add("0002_b", "create table b (id int); insert into b values (1), (2)", "drop table b;");

  const RunReport report = test.Upgrade();
  EXPECT_EQ(report.state, RunState::kDone);
  ASSERT_EQ(report.steps.size(), 2u);
  EXPECT_EQ(report.heads, std::vector<std::string>{"0002"});
  EXPECT_EQ(test.database.Value("select count(*) from b"), "2");
  EXPECT_EQ(test.Upgrade().state, RunState::kNothingToDo);
}

TEST(RunnerTest, RollsBackAndAppliesAgainWithEveryChangeInTheHistory) {
  MigrationsUnderTest test;
  test.Add("0001_a", "create table a (id int);", "drop table a;");
  test.Upgrade();
  EXPECT_EQ(test.Downgrade("base").state, RunState::kDone);
  EXPECT_EQ(test.database.Value("select to_regclass('public.a')"), "");
  EXPECT_EQ(test.Upgrade().state, RunState::kDone);
  EXPECT_EQ(
      test.database.Value("select string_agg(kind, ' ' order by sequence) from lockstep.history"),
      "applied rolled_back applied");
}

// Faults: F3.
TEST(RunnerTest, RollsBackByTheStoredScriptWhenTheFileIsNotThere) {
  MigrationsUnderTest test;
  test.Add("0001_a", "create table a (id int);", "drop table a;");
  test.Add("0002_b", "create table b (id int);", "drop table b;");
  test.Upgrade();
  test.files.Remove("0002_b.up.sql");
  test.files.Remove("0002_b.down.sql");
  EXPECT_EQ(test.Downgrade("0001").state, RunState::kDone);
  EXPECT_EQ(test.database.Value("select to_regclass('public.b')"), "");
}

TEST(RunnerTest, AFailedMigrationLeavesNothingAndIsRememberedWithItsPlace) {
  MigrationsUnderTest test;
  test.Add("0001_a", "create table a (id int);\n\ninsert into a\n  select nöpe from a;");
  const RunReport report = test.Upgrade();
  EXPECT_EQ(report.state, RunState::kFailed);
  EXPECT_EQ(FailureOf(report).error.sqlstate, "42703");
  EXPECT_EQ(FailureOf(report).line, 4);
  EXPECT_EQ(FailureOf(report).column, 10);
  EXPECT_EQ(FailureOf(report).source_line, "  select nöpe from a;");
  EXPECT_EQ(test.database.Value("select to_regclass('public.a')"), "");
  const History history = test.ReadHistory();
  ASSERT_NE(history.FailureOf("0001"), nullptr);
  EXPECT_EQ(history.FailureOf("0001")->sqlstate, "42703");
  EXPECT_EQ(history.FailureOf("0001")->line, 4);
}

// It is sent in pieces, and yet it is one transaction.
TEST(RunnerTest, ALongMigrationThatFailsAtItsEndLeavesNothingAndNamesTheLine) {
  const std::string row = "insert into a values (" + std::string(1000, '1') + ");\n";
  std::string script = "create table a (n numeric);\n";
  for (int i = 0; i < 3000; ++i) script += row;
  MigrationsUnderTest test;
  test.Add("0001_a", script + "  select nope from a;\n");
  const RunReport report = test.Upgrade();
  EXPECT_EQ(report.state, RunState::kFailed);
  EXPECT_EQ(FailureOf(report).error.sqlstate, "42703");
  EXPECT_EQ(FailureOf(report).line, 3002);
  EXPECT_EQ(FailureOf(report).column, 10);
  EXPECT_EQ(test.database.Value("select to_regclass('public.a')"), "");
  test.Add("0001_a", script);
  EXPECT_EQ(test.Upgrade().state, RunState::kDone);
  EXPECT_EQ(test.database.Value("select count(*) from a"), "3000");
}

TEST(RunnerTest, AFailureWithoutAPositionNamesTheStatementThatFailed) {
  MigrationsUnderTest test;
  test.Add("0001_a",
           "create table a (id int primary key);\ninsert into a values (1);\n"
           "insert into a values (1); -- again\n");
  const RunReport report = test.Upgrade();
  EXPECT_EQ(FailureOf(report).error.sqlstate, "23505");
  EXPECT_EQ(FailureOf(report).line, 3);
}

TEST(RunnerTest, ADeferredConstraintThatFailsAtTheCommitIsAFailure) {
  MigrationsUnderTest test;
  test.Add("0001_a",
           "create table p (id int primary key);"
           "create table c (id int references p deferrable initially deferred);"
           "insert into c values (1);");
  const RunReport report = test.Upgrade();
  EXPECT_EQ(report.state, RunState::kFailed);
  EXPECT_EQ(FailureOf(report).error.sqlstate, "23503");
  EXPECT_TRUE(test.ReadHistory().empty());
}

// Faults: D20.
TEST(RunnerTest, ABodyThatTripsTheGuardIsToldWhy) {
  MigrationsUnderTest test;
  test.Add("0001_a", "set constraints all immediate;");
  const RunReport report = test.Upgrade();
  EXPECT_EQ(report.state, RunState::kFailed);
  EXPECT_EQ(FailureOf(report).error.sqlstate, "LS007");
  EXPECT_NE(FailureOf(report).error.hint.find("set constraints to immediate"), std::string::npos);
}

// Built at run time, so that no rule sees it.
TEST(RunnerTest, ABodyThatGivesTheMigrationLockAwayIsNotCommitted) {
  MigrationsUnderTest test;
  test.Add("0001_a", "create table a (id int);");
  test.Add("0002_b",
           "create table b (id int);"
           "do $$ begin execute 'select pg_advisory_' || 'unlock_all()'; end $$;");
  const RunReport report = test.Upgrade();
  EXPECT_EQ(report.state, RunState::kFailed);
  EXPECT_EQ(FailureOf(report).error.sqlstate, "LS005");
  EXPECT_EQ(test.database.Value("select to_regclass('public.b') is null"), "t");
  EXPECT_EQ(test.ReadHistory().entries().size(), 1U);
}

// A body may count the lock up; to whom it belongs does not change.
TEST(RunnerTest, ABodyThatTakesTheMigrationLockOnceMoreIsCommittedAndTheLockEndsWithTheRun) {
  MigrationsUnderTest test;
  test.Add("0001_a",
           "do $$ begin perform pg_advisory_lock(l.classid::int8::bit(32)::int,"
           " l.objid::int8::bit(32)::int) from pg_locks l"
           " where l.locktype = 'advisory' and l.pid = pg_backend_pid(); end $$;");
  EXPECT_EQ(test.Upgrade().state, RunState::kDone);
  test.Add("0002_b", "select 1;");
  EXPECT_EQ(test.Upgrade().state, RunState::kDone);
}

// Faults: D13.
TEST(RunnerTest, ATableLockThatIsNotFreedDefersTheMigration) {
  MigrationsUnderTest test;
  test.database.Sql("create table t (id int)");
  test.Add("0001_a", "alter table t add column b int;");
  test.settings.table_locks.lock_deadline = std::chrono::milliseconds(200);
  const OpenedSession blocker = test.database.Open();
  ASSERT_TRUE(blocker.session->Send("begin; lock table public.t in access share mode").ok());

  const RunReport report = test.Upgrade();
  EXPECT_EQ(report.state, RunState::kDeferred);
  EXPECT_EQ(test.ReadHistory().FailureOf("0001")->outcome, "deferred");
  blocker.session->Send("rollback");
  EXPECT_EQ(test.Upgrade().state, RunState::kDone);
}

TEST(RunnerTest, ALostRaceForATableLockIsTriedAgainAndWinsOnceTheTableIsFree) {
  MigrationsUnderTest test;
  test.database.Sql("create table t (id int)");
  test.Add("0001_a", "alter table t add column b int;");
  // However old the blocker is: it is not looked away from.
  test.settings.table_locks.young_holder = std::chrono::hours(1);
  const OpenedSession blocker = test.database.Open();
  ASSERT_TRUE(blocker.session->Send("begin; lock table public.t in access share mode").ok());
  test.observer.on_retry = [&] { blocker.session->Send("rollback"); };

  const RunReport report = test.Upgrade();
  EXPECT_EQ(report.state, RunState::kDone);
  EXPECT_GE(report.steps[0].attempts, 2);
  EXPECT_EQ(test.ReadHistory().Find("0001")->attempts, report.steps[0].attempts);
}

TEST(RunnerTest, AStopBetweenMigrationsKeepsWhatWasDone) {
  MigrationsUnderTest test;
  test.Add("0001_a", "create table a (id int);");
  test.Add("0002_b", "create table b (id int);");
  test.Add("0003_c", "create table c (id int);");
  // By then the second has run: the answer that tells of the commit of the first tells that, too.
  test.observer.on_step_end = [&] { test.stop.RequestAfterCurrent(); };
  const RunReport report = test.Upgrade();
  EXPECT_EQ(report.state, RunState::kStopped);
  EXPECT_EQ(report.not_run, std::vector<std::string>{"0003"});
  EXPECT_TRUE(test.ReadHistory().IsApplied("0001"));
  EXPECT_TRUE(test.ReadHistory().IsApplied("0002"));
}

const std::vector<std::string> kOneAfterTheOther = {"begin 0001", "end 0001",   "begin 0002",
                                                    "end 0002",   "begin 0003", "end 0003"};

TEST(RunnerTest, MigrationsThatShareRoundTripsAreToldOneAfterTheOther) {
  MigrationsUnderTest test;
  test.Add("0001_a", "create table a (id int);");
  test.Add("0002_b", "insert into a values (2);");
  test.Add("0003_c", "insert into a values (3);");
  const RunReport report = test.Upgrade();
  EXPECT_EQ(report.state, RunState::kDone);
  EXPECT_EQ(report.steps.size(), 3u);
  EXPECT_EQ(report.heads, std::vector<std::string>{"0003"});
  EXPECT_EQ(test.observer.events, kOneAfterTheOther);
  EXPECT_EQ(test.database.Value("select string_agg(id::text, ',' order by id) from a"), "2,3");
}

// PostgreSQL reads the whole message before it carries out the commit at its head.
TEST(RunnerTest, WhatTheServerCannotReadKeepsNothingFromTheMigrationBefore) {
  MigrationsUnderTest test;
  test.Add("0001_a", "create table a (id int);");
  test.Add("0002_b", "insert into a values (2);");
  test.Add("0003_c", "insert into a valuess (3);");
  const RunReport report = test.Upgrade();
  EXPECT_EQ(report.state, RunState::kFailed);
  EXPECT_EQ(FailureOf(report).error.sqlstate, "42601");
  EXPECT_EQ(FailureOf(report).line, 1);
  EXPECT_EQ(report.heads, std::vector<std::string>{"0002"});
  EXPECT_EQ(test.observer.events, kOneAfterTheOther);
  EXPECT_EQ(test.database.Value("select string_agg(id::text, ',') from a"), "2");
  EXPECT_FALSE(test.ReadHistory().IsApplied("0003"));
}

TEST(RunnerTest, ACommitThatFailsTakesWhatTravelsWithItBack) {
  MigrationsUnderTest test;
  test.database.Sql("create table p (id int primary key)");
  test.database.Sql("create table c (id int references p deferrable initially deferred)");
  test.Add("0001_a", "insert into p values (1);");
  test.Add("0002_b", "insert into c values (2);");
  test.Add("0003_c", "insert into p values (3);");
  const RunReport report = test.Upgrade();
  EXPECT_EQ(report.state, RunState::kFailed);
  EXPECT_EQ(FailureOf(report).error.sqlstate, "23503");
  EXPECT_EQ(FailureOf(report).statement, "COMMIT");
  EXPECT_EQ(report.not_run, std::vector<std::string>{"0003"});
  const History history = test.ReadHistory();
  EXPECT_TRUE(history.IsApplied("0001"));
  EXPECT_FALSE(history.IsApplied("0002"));
  EXPECT_EQ(history.FailureOf("0002")->outcome, "failed");
  EXPECT_EQ(test.database.Value("select string_agg(id::text, ',') from p"), "1");
}

// A cancelled commit may be there without the standby that it waited for.
TEST(RunnerTest, AStopNowDoesNotCancelACommitThatTravelsWithWork) {
  MigrationsUnderTest test;
  test.database.Sql("create table a (id int)");
  test.database.Sql(
      "create function slow() returns trigger language plpgsql as"
      " 'begin raise notice $$committing$$; perform pg_sleep(1); return null; end'");
  test.database.Sql(
      "create constraint trigger slow after insert on a deferrable initially deferred"
      " for each row execute function slow()");
  test.Add("0001_a", "insert into a values (1);");
  test.Add("0002_b", "create table b (id int);");
  test.observer.on_notice = [&] { test.stop.RequestNow(); };
  EXPECT_EQ(test.Upgrade().state, RunState::kStopped);
  const History history = test.ReadHistory();
  EXPECT_TRUE(history.IsApplied("0001"));
  EXPECT_FALSE(history.IsApplied("0002"));
}

TEST(RunnerTest, AFailureBehindACommitLeavesTheMigrationBeforeDone) {
  MigrationsUnderTest test;
  test.Add("0001_a", "create table a (id int primary key);");
  test.Add("0002_b", "insert into a values (1);");
  test.Add("0003_c", "insert into a values (2);\ninsert into a values (1);");
  const RunReport report = test.Upgrade();
  EXPECT_EQ(report.state, RunState::kFailed);
  EXPECT_EQ(FailureOf(report).error.sqlstate, "23505");
  EXPECT_EQ(FailureOf(report).line, 2);
  EXPECT_EQ(test.observer.events, kOneAfterTheOther);
  EXPECT_EQ(test.database.Value("select string_agg(id::text, ',') from a"), "1");
}

TEST(RunnerTest, AStopWhileACommitWaitsLetsItHappen) {
  MigrationsUnderTest test;
  test.Add("0001_a", "create table a (id int);");
  test.Add("0002_b", "create table b (id int);");
  test.observer.on_attempt = [&] { test.stop.RequestAfterCurrent(); };
  const RunReport report = test.Upgrade();
  EXPECT_EQ(report.state, RunState::kStopped);
  EXPECT_EQ(report.not_run, std::vector<std::string>{"0002"});
  EXPECT_TRUE(test.ReadHistory().IsApplied("0001"));
}

TEST(RunnerTest, AStopWhileItOnlyWaitsForALockRollsBack) {
  MigrationsUnderTest test;
  test.database.Sql("create table t (id int)");
  test.Add("0001_a", "alter table t add column b int;");
  test.settings.table_locks.young_holder = std::chrono::hours(1);
  test.settings.table_locks.ladder = {std::chrono::hours(1)};
  const OpenedSession blocker = test.database.Open();
  ASSERT_TRUE(blocker.session->Send("begin; lock table public.t in access share mode").ok());
  test.observer.on_step_begin = [&] { test.stop.RequestAfterCurrent(); };
  const RunReport report = test.Upgrade();
  EXPECT_EQ(report.state, RunState::kStopped);
  EXPECT_FALSE(test.ReadHistory().IsApplied("0001"));
}

TEST(RunnerTest, AStopNowCancelsARunningStatement) {
  MigrationsUnderTest test;
  test.Add("0001_a", "select pg_sleep(3600);");
  test.observer.on_step_begin = [&] { test.stop.RequestNow(); };
  EXPECT_EQ(test.Upgrade().state, RunState::kStopped);
}

TEST(RunnerTest, ABusyMigrationLockIsReportedWithItsHolder) {
  MigrationsUnderTest test;
  test.Add("0001_a", "select 1;");
  test.Upgrade();
  test.Add("0002_b", "select 1;");
  test.settings.migration_lock_wait = std::chrono::milliseconds(1);
  const OpenedSession holder = test.database.Open("holder");
  holder.session->Query(
      "select pg_catalog.pg_advisory_lock(" + std::to_string(kMigrationLockSpace) +
      ", 'lockstep.history'::pg_catalog.regclass::pg_catalog.oid::pg_catalog.int4)");
  const RunReport report = test.Upgrade();
  EXPECT_EQ(report.state, RunState::kBusy);
  EXPECT_NE(report.busy_holder.find("lockstep/holder"), std::string::npos);
}

TEST(RunnerTest, OneThatWaitsLeavesWhenTheHolderHasDoneEverything) {
  MigrationsUnderTest test;
  test.Add("0001_a", "select 1;");
  test.Upgrade();
  test.Add("0002_b", "create table b (id int);");
  const OpenedSession holder = test.database.Open("holder");
  const unsigned oid = *ReadLook(*holder.session, test.settings.names).bookkeeping.history_oid;
  ASSERT_TRUE(TryLock(*holder.session, {kMigrationLockSpace, oid}));
  const RunIdentity run = BumpFence(*holder.session, test.settings.names);
  // While we wait, the holder records the same migration and keeps the lock.
  test.observer.on_waiting = [&] {
    if (test.ReadHistory().IsApplied("0002")) return;
    HistoryChange change;
    change.revision = "0002";
    change.kind = "stamped";
    change.parents = {"0001"};
    change.up_checksum = MigrationFolder::Load(test.files).Find("0002")->up.checksum;
    change.attempt = "f81d4fae-7dec-41d0-a765-00a0c91e6bf6";
    RecordChanges(*holder.session, test.settings.names, run, {change}, {});
  };
  EXPECT_EQ(test.Upgrade().state, RunState::kNothingToDo);
}

// Faults: P9.
TEST(RunnerTest, ARunThatWasOvertakenIsFencedOff) {
  MigrationsUnderTest test;
  test.Add("0001_a", "select 1;");
  test.Add("0002_b", "create table b (id int);");
  bool overtaken = false;
  test.observer.on_step_end = [&] {
    if (!overtaken) BumpFence(*test.database.Open().session, test.settings.names);
    overtaken = true;
  };
  // The run looks again, in a new session under a new epoch, and finishes.
  EXPECT_EQ(test.Upgrade().state, RunState::kDone);
  EXPECT_EQ(test.observer.events,
            (std::vector<std::string>{"begin 0001", "end 0001", "begin 0002", "reconnect",
                                      "begin 0002", "end 0002"}));
  EXPECT_EQ(test.database.Value("select count(distinct epoch) from lockstep.history"), "2");
}

// Faults: N3.
TEST(RunnerTest, ALostConnectionAtAnyCallEndsWithEachMigrationAppliedOnce) {
  for (const FaultMoment moment : {FaultMoment::kBeforeEffect, FaultMoment::kAfterEffect}) {
    bool happened = true;
    for (int call = 1; happened; ++call) {
      MigrationsUnderTest test;
      test.Add("0001_a", "create table a (id int); insert into a values (1);");
      test.Add("0002_b",
               "-- transaction: off\ncreate index concurrently i on a (id);\n"
               "insert into a values (2);");
      test.Add("0003_c", "insert into a values (3);");
      test.Add("0004_d", "insert into a values (4);");
      const auto plan = std::make_shared<FaultPlan>();
      plan->call = call;
      plan->moment = moment;
      test.open = WithFaults(test.database.factory(), plan);
      const RunReport report = test.Upgrade();
      happened = plan->happened();
      ASSERT_TRUE(report.state == RunState::kDone || report.state == RunState::kNothingToDo)
          << "call " << call << ": " << NameOf(report.state);
      EXPECT_EQ(test.database.Value("select string_agg(id::text, ',' order by id) from a"),
                "1,2,3,4")
          << "call " << call;
      EXPECT_EQ(test.database.Value("select count(*) from lockstep.history"), "4");
      EXPECT_EQ(test.database.Value("select bool_and(indisvalid) from pg_index"), "t");
    }
  }
}

TEST(RunnerTest, SettingsOfOneBodyDoNotReachTheNext) {
  MigrationsUnderTest test;
  test.Add("0001_a", "set search_path = pg_catalog; set statement_timeout = 1;");
  test.Add("0002_b", "create table b (id int); select pg_sleep(0.05);");
  EXPECT_EQ(test.Upgrade().state, RunState::kDone);
  EXPECT_EQ(test.database.Value("select to_regclass('public.b')"), "b");
}

TEST(RunnerTest, VariablesAreReplacedAndUnsetOnesRefused) {
  MigrationsUnderTest test;
  test.Add("0001_a", "-- variables: on\ncreate table ${TABLE} (id int);");
  EXPECT_EQ(test.Upgrade().state, RunState::kInvalid);
  test.settings.variables["TABLE"] = "from_variable";
  EXPECT_EQ(test.Upgrade().state, RunState::kDone);
  EXPECT_EQ(test.database.Value("select to_regclass('public.from_variable')"), "from_variable");
}

TEST(RunnerTest, AVariableCannotBringInWhatAFileMayNotHold) {
  MigrationsUnderTest test;
  test.Add("0001_a", "-- variables: on\nselect ${X};");
  test.settings.variables["X"] = "1; commit; select 's3cr3t'";
  const RunReport report = test.Upgrade();
  EXPECT_EQ(report.state, RunState::kInvalid);
  EXPECT_EQ(report.diagnostics.at(0).code, "transaction-control");
  EXPECT_EQ(ToText(report.diagnostics.at(0)).find("s3cr3t"), std::string::npos);
}

TEST(RunnerTest, AlembicsTableIsKeptInStepWhereItIsThere) {
  MigrationsUnderTest test;
  test.database.Sql("create table alembic_version (version_num varchar(32) not null)");
  test.Add("0001_a", "select 1;");
  test.Add("0002_b", "-- transaction: off\nselect 1;");
  test.Upgrade("0001");
  EXPECT_EQ(test.database.Value("select string_agg(version_num, ',') from alembic_version"),
            "0001");
  test.Upgrade();
  EXPECT_EQ(test.database.Value("select string_agg(version_num, ',') from alembic_version"),
            "0002");
  test.Downgrade("base");
  EXPECT_EQ(test.database.Value("select count(*) from alembic_version"), "0");
}

TEST(RunnerTest, AlembicsTableIsMadeWhereItIsAlwaysWanted) {
  MigrationsUnderTest test;
  test.settings.alembic = AlembicSync::kAlways;
  test.Add("0001_a", "select 1;");
  EXPECT_EQ(test.Upgrade().state, RunState::kDone);
  EXPECT_EQ(test.database.Value("select version_num from alembic_version"), "0001");
}

TEST(RunnerTest, ADatabaseThatAlembicManagesIsRefusedUntilItIsAdopted) {
  MigrationsUnderTest test;
  test.database.Sql(
      "create table alembic_version (version_num varchar(32) not null);"
      "insert into alembic_version values ('0001')");
  test.Add("0001_a", "select 1;");
  const RunReport report = test.Upgrade();
  EXPECT_EQ(report.state, RunState::kInvalid);
  EXPECT_EQ(report.diagnostics.at(0).code, "alembic-not-adopted");
}

TEST(RunnerTest, TheBodyRunsAsTheOwnerAndTheHistoryIsWrittenByTheLogin) {
  MigrationsUnderTest test;
  const std::string owner = test.database.CreateRole("owner", "x");
  const std::string login = test.database.CreateRole("login", "s3cr3t", "noinherit");
  test.database.Sql("create schema app authorization " + owner + "; grant " + owner + " to " +
                    login);
  const OpenedSession admin = test.database.Open();
  InstallBookkeeping(*admin.session, test.settings.names);
  ASSERT_TRUE(admin.session->Send(GrantsFor(test.settings.names, login, "")).ok());
  test.settings.owner_role = owner;
  test.settings.search_path = "app";
  test.Add("0001_a", "create table t (id int);", "drop table t;");
  test.Add("0002_b", "-- transaction: off\ncreate index concurrently i on t (id);",
           "-- transaction: off\ndrop index concurrently i;");
  test.open = [&](const SessionOptions& options) {
    return OpenSession(test.database.UrlAs(login, "s3cr3t"), options);
  };
  const RunReport report = test.Upgrade();
  EXPECT_EQ(report.state, RunState::kDone) << ProblemOf(report);
  EXPECT_EQ(test.database.Value("select tableowner from pg_tables where tablename = 't'"), owner);
  EXPECT_EQ(test.database.Value("select recorded_by from lockstep.history limit 1"), login);
  EXPECT_EQ(test.Downgrade("base").state, RunState::kDone);
}

// The packages' agent logs in as "lockstep", as our schema is called: by "$user" its tables lay
// beside the history.
TEST(RunnerTest, ARoleThatIsCalledAsTheBookkeepingIsDoesNotPutTheApplicationsTablesThere) {
  MigrationsUnderTest test;
  const std::string login = test.database.CreateRole("login", "s3cr3t");
  test.settings.names.schema = login;
  test.database.Sql("grant create on database \"" + test.database.name() + "\" to " + login +
                    "; grant create on schema public to " + login);
  test.Add("0001_a", "create table t (id int);", "drop table t;");
  test.open = [&](const SessionOptions& options) {
    return OpenSession(test.database.UrlAs(login, "s3cr3t"), options);
  };
  const RunReport report = test.Upgrade();
  EXPECT_EQ(report.state, RunState::kDone) << ProblemOf(report);
  EXPECT_EQ(test.database.Value("select schemaname from pg_tables where tablename = 't'"),
            "public");
}

TEST(RunnerTest, ARoleWithoutRightsIsToldWhichWayOut) {
  MigrationsUnderTest test;
  const std::string login = test.database.CreateRole("login", "s3cr3t");
  test.Add("0001_a", "select 1;");
  test.open = [&](const SessionOptions& options) {
    return OpenSession(test.database.UrlAs(login, "s3cr3t"), options);
  };
  try {
    test.Upgrade();
    FAIL() << "was not refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kPermission);
    EXPECT_NE(error.hint().find("lockstep init"), std::string::npos);
  }
}

}  // namespace
}  // namespace lockstep
