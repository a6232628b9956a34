#include <gtest/gtest.h>

#include "base/hash.h"
#include "engine/statement_step.h"
#include "support/migrations_under_test.h"

namespace lockstep {
namespace {

// Leaves `statement` of revision 0001 as a run would that died in it.
void LeaveStarted(MigrationsUnderTest& test, int ordinal, const std::string& statement) {
  const OpenedSession opened = test.database.Open();
  InstallBookkeeping(*opened.session, test.settings.names);
  const RunIdentity run = BumpFence(*opened.session, test.settings.names);
  RequireSuccess(opened.session->Send(BeginStatementSql(test.settings.names, run,
                                                        "f81d4fae-7dec-41d0-a765-00a0c91e6bf6",
                                                        {.revision = "0001",
                                                         .direction = "up",
                                                         .ordinal = ordinal,
                                                         .statement_hash = Sha256(statement)})));
}

constexpr const char* kBuild = "create index concurrently i on t (id)";

// Faults: D12.
TEST(StatementStepTest, AnInvalidIndexOfAnInterruptedBuildIsBuiltAgain) {
  MigrationsUnderTest test;
  test.database.Sql("create table t (id int)");
  test.database.Sql("create index i on t (id)");
  test.database.Sql("update pg_index set indisvalid = false where indexrelid = 'i'::regclass");
  LeaveStarted(test, 1, kBuild);
  test.Add("0001_a", std::string("-- transaction: off\n") + kBuild + ";");
  EXPECT_EQ(test.Upgrade().state, RunState::kDone);
  EXPECT_EQ(test.database.Value("select indisvalid from pg_index where indexrelid = 'i'::regclass"),
            "t");
}

TEST(StatementStepTest, ABuildThatHadFinishedIsNotDoneAgain) {
  MigrationsUnderTest test;
  test.database.Sql("create table t (id int)");
  test.database.Sql("create index i on t (id)");
  const std::string oid = test.database.Value("select 'i'::regclass::oid");
  LeaveStarted(test, 1, kBuild);
  test.Add("0001_a", std::string("-- transaction: off\n") + kBuild + ";");
  EXPECT_EQ(test.Upgrade().state, RunState::kDone);
  EXPECT_EQ(test.database.Value("select 'i'::regclass::oid"), oid);
}

// Faults: D12.
TEST(StatementStepTest, AFailedUniqueBuildLeavesNoInvalidIndex) {
  MigrationsUnderTest test;
  test.database.Sql("create table t (id int); insert into t values (1), (1)");
  test.Add("0001_a", "-- transaction: off\ncreate unique index concurrently i on t (id);");
  const RunReport report = test.Upgrade();
  EXPECT_EQ(report.state, RunState::kFailed);
  EXPECT_EQ(std::get<Failed>(report.steps[0].result).failure.line, 2);
  EXPECT_EQ(test.database.Value("select count(*) from pg_class where relname = 'i'"), "0");
  test.database.Sql("delete from t");
  EXPECT_EQ(test.Upgrade().state, RunState::kDone);
}

TEST(StatementStepTest, StatementsThatAreDoneAreNotRunAgain) {
  MigrationsUnderTest test;
  test.database.Sql("create table t (id int)");
  test.Add("0001_a",
           "-- transaction: off\ninsert into t values (1);\ninsert into nowhere values (1);");
  EXPECT_EQ(test.Upgrade().state, RunState::kFailed);
  test.database.Sql("create table nowhere (id int)");
  EXPECT_EQ(test.Upgrade().state, RunState::kDone);
  EXPECT_EQ(test.database.Value("select count(*) from t"), "1");
}

TEST(StatementStepTest, AStatementThatWasDoneAndChangedIsRefused) {
  MigrationsUnderTest test;
  test.database.Sql("create table t (id int)");
  test.Add("0001_a",
           "-- transaction: off\ninsert into t values (1);\ninsert into nowhere values (1);");
  test.Upgrade();
  test.Add("0001_a", "-- transaction: off\ninsert into t values (2);\nselect 1;");
  const RunReport report = test.Upgrade();
  EXPECT_EQ(report.state, RunState::kFailed);
  EXPECT_NE(std::get<Failed>(report.steps[0].result).failure.error.message.find("has changed"),
            std::string::npos);
  EXPECT_EQ(test.database.Value("select count(*) from t"), "1");
}

TEST(StatementStepTest, AnInterruptedStatementThatTheCatalogCannotTellIsNotGuessed) {
  MigrationsUnderTest test;
  const std::string body = "do $$ begin perform 1; end $$";
  LeaveStarted(test, 1, body);
  test.Add("0001_a", "-- transaction: off\n" + body + ";");
  const RunReport report = test.Upgrade();
  EXPECT_EQ(report.state, RunState::kUnknown);
  EXPECT_EQ(std::get<Unknown>(report.steps[0].result).statement, "DO");
}

TEST(StatementStepTest, AnIndexThatIsAlreadyDroppedCountsAsDropped) {
  MigrationsUnderTest test;
  LeaveStarted(test, 1, "drop index concurrently i");
  test.Add("0001_a", "-- transaction: off\ndrop index concurrently i;");
  EXPECT_EQ(test.Upgrade().state, RunState::kDone);
}

TEST(StatementStepTest, APendingDetachIsFinalized) {
  MigrationsUnderTest test;
  test.database.Sql(
      "create table p (id int) partition by range (id);"
      "create table p1 partition of p for values from (0) to (9)");
  test.database.Sql(
      "update pg_inherits set inhdetachpending = true where inhrelid = 'p1'::regclass");
  const std::string detach = "alter table p detach partition p1 concurrently";
  LeaveStarted(test, 1, detach);
  test.Add("0001_a", "-- transaction: off\n" + detach + ";");
  EXPECT_EQ(test.Upgrade().state, RunState::kDone);
  EXPECT_EQ(test.database.Value("select count(*) from pg_inherits where inhrelid = 'p1'::regclass"),
            "0");
}

TEST(StatementStepTest, RunsWhatCannotStandInATransaction) {
  MigrationsUnderTest test;
  test.database.Sql("create table t (id int)");
  test.Add("0001_a",
           "-- transaction: off\nvacuum t;\nreindex table concurrently t;\n"
           "alter table t add column b int;");
  EXPECT_EQ(test.Upgrade().state, RunState::kDone);
  EXPECT_EQ(test.database.Value("select bool_and(done) from lockstep.progress"), "t");
}

}  // namespace
}  // namespace lockstep
