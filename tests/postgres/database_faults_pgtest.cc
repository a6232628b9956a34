// Faults of the database, one a test, by the row of the fault matrix that each shows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "base/error.h"
#include "support/migrations_under_test.h"

namespace lockstep {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class DatabaseFaults : public ::testing::Test {
 protected:
  // What was thrown; fails the test when nothing was.
  template <typename Action>
  Error ErrorOf(Action action) {
    try {
      action();
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "nothing was thrown";
    return Error(ErrorCode::kInternal, "");
  }
  Error ErrorOfLook() {
    return ErrorOf([this] { test_.ReadHistory(); });
  }
  std::string Effects() { return test_.database.Value("select count(*) from effects"); }
  const SqlError& FailureOf(const RunReport& report) {
    return std::get<Failed>(report.steps.back().result).failure.error;
  }
  // Two migrations that are applied.
  void ApplyTwo() {
    test_.Add("0001_a", "create table effects (id int);");
    test_.Add("0002_b", "insert into effects values (2);");
    ASSERT_EQ(test_.Upgrade().state, RunState::kDone);
  }

  MigrationsUnderTest test_;
};

TEST_F(DatabaseFaults, D7_ARoleThatHasUsedUpItsConnectionsIsToldSoAndMigratesOnceOneIsFree) {
  const std::string role = test_.database.CreateRole("few", "word", "connection limit 1");
  test_.database.Sql("grant all on schema public to " + role + "; grant create on database " +
                     test_.database.name() + " to " + role);
  const ConnectionUrl url = test_.database.UrlAs(role, "word");
  test_.open = [&url](const SessionOptions& options) { return OpenSession(url, options); };
  test_.Add("0001_a", "create table effects (id int);");
  {
    const OpenedSession taken = OpenSession(url, {.purpose = "taken"});
    const Error error = ErrorOf([this] { test_.Upgrade(); });
    EXPECT_EQ(error.code(), ErrorCode::kUnreachable);
    EXPECT_EQ(error.retry(), Retry::kLater);
    EXPECT_THAT(error.what(), HasSubstr("too many connections for role"));
  }
  EXPECT_EQ(test_.Upgrade().state, RunState::kDone) << "one connection is enough";
}

TEST_F(DatabaseFaults, D9_AStatementTimeoutIsAFailureAndNotTriedAgain) {
  test_.Add("0001_a", "-- statement_timeout: 50ms\nselect pg_sleep(3600);");
  const RunReport report = test_.Upgrade();
  EXPECT_EQ(report.state, RunState::kFailed);
  EXPECT_EQ(report.steps[0].attempts, 1);
  EXPECT_THAT(FailureOf(report).message, HasSubstr("statement timeout"));
}

TEST_F(DatabaseFaults, D11_ASerializationFailureIsTriedAgainAndEachEffectIsThereOnce) {
  test_.database.Sql("create table effects (id int); create sequence tries");
  // A sequence is not rolled back: it counts.
  test_.Add("0001_a",
            "insert into effects values (1);\n"
            "do $$ begin if nextval('public.tries') < 3 then raise exception using errcode = "
            "'serialization_failure', message = 'lost'; end if; end $$;");
  const RunReport report = test_.Upgrade();
  EXPECT_EQ(report.state, RunState::kDone);
  EXPECT_EQ(report.steps[0].attempts, 3);
  EXPECT_THAT(test_.observer.events, Contains("retry 0001 40001").Times(2));
  EXPECT_EQ(Effects(), "1");
}

TEST_F(DatabaseFaults, D17_ACancelBySomebodyElseIsTheirWishAndNotTriedAgain) {
  test_.database.Sql("create table effects (id int)");
  test_.Add("0001_a",
            "insert into effects values (1);\n"
            "select pg_cancel_backend(pg_backend_pid()), pg_sleep(3600);");
  const RunReport report = test_.Upgrade();
  EXPECT_EQ(report.state, RunState::kFailed);
  EXPECT_EQ(report.steps[0].attempts, 1);
  EXPECT_THAT(FailureOf(report).message, HasSubstr("user request"));
  EXPECT_EQ(Effects(), "0");
}

TEST_F(DatabaseFaults, P20_AFormatOfANewerReleaseIsLeftAlone) {
  ApplyTwo();
  test_.database.Sql("insert into lockstep.format (version) values (99)");
  EXPECT_EQ(ErrorOf([this] { test_.Upgrade(); }).code(), ErrorCode::kNewerFormat);
}

TEST_F(DatabaseFaults, D23_TheHistoryRefusesToBeChangedByHand) {
  ApplyTwo();
  for (const char* const change :
       {"delete from lockstep.history where revision = '0001'", "truncate lockstep.history",
        "update lockstep.history set present = false"}) {
    try {
      test_.database.Sql(change);
      ADD_FAILURE() << change;
    } catch (const std::runtime_error& refusal) {
      EXPECT_THAT(refusal.what(), HasSubstr("never changed")) << change;
    }
  }
  EXPECT_EQ(test_.Upgrade().state, RunState::kNothingToDo);
}

TEST_F(DatabaseFaults, D23_RowsThatWereTakenAwayAllTheSameAreNotAppliedAgain) {
  ApplyTwo();
  test_.database.Sql(
      "alter table lockstep.history disable trigger keep;"
      "delete from lockstep.history where revision = '0002'");
  const Error error = ErrorOf([this] { test_.Upgrade(); });
  EXPECT_EQ(error.code(), ErrorCode::kDamaged);
  EXPECT_THAT(error.what(), HasSubstr("has 1 row, and 2 were written"));
  EXPECT_EQ(Effects(), "1");
  // What the hint says is the way out for whoever meant it.
  ASSERT_THAT(error.hint(),
              HasSubstr("update \"lockstep\".\"fence\" set attempt = null, changes = 1"));
  test_.database.Sql(error.hint().substr(error.hint().find("update ")));
  EXPECT_EQ(test_.Upgrade().state, RunState::kDone);
}

TEST_F(DatabaseFaults, D23_WithoutOneOfItsTablesNothingIsTakenForNeverApplied) {
  for (const std::string table : {"format", "fence", "history", "attempts", "progress"}) {
    MigrationsUnderTest test;
    test.Add("0001_a", "create table effects (id int);");
    ASSERT_EQ(test.Upgrade().state, RunState::kDone);
    test.database.Sql("drop table lockstep." + table);
    for (const Error& error :
         {ErrorOf([&] { test.ReadHistory(); }), ErrorOf([&] { test.Upgrade(); })}) {
      EXPECT_EQ(error.code(), ErrorCode::kDamaged) << error.what();
      EXPECT_THAT(error.what(), HasSubstr("lacks what belongs to it: " + table));
    }
  }
}

TEST_F(DatabaseFaults, D23_EmptyTablesAreNotTakenForNeverApplied) {
  ApplyTwo();
  test_.database.Sql("delete from lockstep.fence");
  EXPECT_EQ(ErrorOfLook().code(), ErrorCode::kDamaged);
}

// The key is the history table's OID, which a search_path cannot change; the fence is the second
// barrier.
TEST_F(DatabaseFaults, D24_ARunWithAnotherSearchPathMeetsTheSameLockAndTheSameHistory) {
  ApplyTwo();
  test_.database.Sql("create schema other; alter database " + test_.database.name() +
                     " set search_path = other");
  test_.settings.search_path = "other";
  test_.Add("0003_c", "create table c (id int);");
  const OpenedSession holder = test_.database.Open("holder");
  const unsigned key = *ReadLook(*holder.session, test_.settings.names).bookkeeping.history_oid;
  ASSERT_TRUE(TryLock(*holder.session, {kMigrationLockSpace, key}));
  test_.settings.migration_lock_wait = std::chrono::milliseconds(0);
  EXPECT_EQ(test_.Upgrade().state, RunState::kBusy);
  holder.session->Send("select pg_advisory_unlock_all()");
  EXPECT_EQ(test_.Upgrade().state, RunState::kDone);
  EXPECT_EQ(test_.ReadHistory().entries().size(), 3U);
}

TEST_F(DatabaseFaults, D27_AnIndexThatWaitsForAnOldSnapshotNamesWhoHoldsIt) {
  test_.database.Sql("create table t (id int)");
  test_.Add("0001_a", "-- transaction: off\ncreate index concurrently i on t (id);");
  const OpenedSession reader = test_.database.Open("old_reader");
  ASSERT_TRUE(reader.session
                  ->Send("begin transaction isolation level repeatable read;"
                         "select 1 from public.t")
                  .ok());
  std::atomic<int> seen = 0;
  test_.observer.on_progress = [&] {
    seen = test_.observer.progress.blocker_pid;
    if (seen != 0) test_.database.Sql("select pg_terminate_backend(" + std::to_string(seen) + ")");
  };
  EXPECT_EQ(test_.Upgrade().state, RunState::kDone);
  EXPECT_NE(seen, 0);
}

}  // namespace
}  // namespace lockstep
