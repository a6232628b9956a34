// The cheap question whether a look would tell anything new.
#include <gtest/gtest.h>

#include "base/error.h"
#include "support/fault_session.h"
#include "support/migrations_under_test.h"

namespace lockstep {
namespace {

class HistoryMark : public ::testing::Test {
 protected:
  std::string Mark() {
    return ReadHistoryMark(*test_.database.Open().session, test_.settings.names);
  }
  // True when the mark moved, and stays there.
  bool Moved() {
    const std::string now = Mark();
    const bool moved = now != last_;
    last_ = now;
    return moved && Mark() == now && !now.empty();
  }
  bool MovedBy(const std::string& sql) {
    test_.database.Sql(sql);
    return Moved();
  }

  MigrationsUnderTest test_;
  std::string last_;
};

constexpr const char* kMakeAlembic =
    "create table alembic_version (version_num varchar(32) primary key)";

TEST_F(HistoryMark, MovesWithEveryKindOfRun) {
  test_.Add("0001_a", "create table a (id int);", "drop table a;");
  test_.Add("0002_b", "create table b (id int);", "drop table b;");
  EXPECT_TRUE(Moved()) << "nothing is installed";
  test_.Upgrade("0001");
  EXPECT_TRUE(Moved()) << "installed and applied";
  test_.Upgrade();
  EXPECT_TRUE(Moved()) << "applied";
  test_.Downgrade("0001");
  EXPECT_TRUE(Moved()) << "rolled back";
  test_.Add("0003_c", "select 1/0;");
  test_.Upgrade();
  EXPECT_TRUE(Moved()) << "applied, and failed";
  test_.Upgrade();
  EXPECT_TRUE(Moved()) << "failed again";
}

TEST_F(HistoryMark, StandsStillWhileNothingIsChanged) {
  test_.Add("0001_a", "create table a (id int);");
  test_.Upgrade();
  Moved();
  EXPECT_EQ(test_.Upgrade().state, RunState::kNothingToDo);
  test_.database.Sql("create table other (id int)");
  EXPECT_FALSE(Moved());
}

TEST_F(HistoryMark, MovesWithTheProgressOfAStatement) {
  test_.Add("0001_a", "create table a (id int);");
  test_.Upgrade();
  Moved();
  const auto begin = [](const std::string& ordinal, const std::string& when) {
    return "insert into lockstep.progress (revision, change, ordinal, direction, statement_hash,"
           " attempt, epoch, tries, started_at) values ('r', 1, " +
           ordinal + ", 'up', 'h', gen_random_uuid(), 1, 0, " + when + ")";
  };
  EXPECT_TRUE(MovedBy(begin("1", "now()")));
  EXPECT_TRUE(MovedBy(begin("2", "'2001-01-01'"))) << "a clock that went back";
  EXPECT_TRUE(MovedBy("update lockstep.progress set tries = tries + 1"));
  EXPECT_TRUE(MovedBy("update lockstep.progress set done = true, finished_at = now()"));
  EXPECT_TRUE(MovedBy("delete from lockstep.progress"));
}

TEST_F(HistoryMark, MovesWithAlembicsTable) {
  Moved();
  EXPECT_TRUE(MovedBy(kMakeAlembic));
  EXPECT_TRUE(MovedBy("insert into alembic_version values ('a')"));
  EXPECT_TRUE(MovedBy("insert into alembic_version values ('b')"));
  EXPECT_TRUE(MovedBy("update alembic_version set version_num = 'c' where version_num = 'b'"));
  EXPECT_TRUE(MovedBy("delete from alembic_version"));
  EXPECT_TRUE(MovedBy("drop table alembic_version"));
}

TEST_F(HistoryMark, MovesWithTheBookkeepingsFormatAndWhenItIsMadeAnew) {
  test_.Add("0001_a", "create table a (id int);");
  test_.Upgrade();
  Moved();
  EXPECT_TRUE(MovedBy("insert into lockstep.format (version) values (99)"));
  EXPECT_TRUE(MovedBy("drop schema lockstep cascade"));
}

TEST_F(HistoryMark, IsOneCallWhateverIsInstalled) {
  const auto calls = [&] {
    auto plan = std::make_shared<FaultPlan>();
    const OpenedSession opened = WithFaults(test_.database.factory(), plan)({});
    ReadHistoryMark(*opened.session, test_.settings.names);
    return plan->calls;
  };
  EXPECT_EQ(calls(), 1);
  test_.Add("0001_a", "create table a (id int);");
  test_.Upgrade();
  test_.database.Sql(kMakeAlembic);
  EXPECT_EQ(calls(), 1);
}

TEST_F(HistoryMark, TakesNamesThatNeedQuoting) {
  test_.settings.names = {.schema = "it's \"my\" \\ schema", .alembic_table = "public.odd'name"};
  Moved();
  test_.Add("0001_a", "create table a (id int);");
  EXPECT_EQ(test_.Upgrade().state, RunState::kDone);
  EXPECT_TRUE(Moved());
  EXPECT_TRUE(MovedBy("create table \"odd'name\" (version_num text)"));
  EXPECT_TRUE(MovedBy("insert into \"odd'name\" values ('x')"));
}

TEST_F(HistoryMark, IsForReadersAndTellsThemOfRightsThatTheyLack) {
  test_.Add("0001_a", "create table a (id int);");
  test_.Upgrade();
  test_.database.Sql(kMakeAlembic);
  const std::string reader = test_.database.CreateRole("reader", "pw");
  const auto mark_as_reader = [&] {
    const OpenedSession opened = OpenSession(test_.database.UrlAs(reader, "pw"), {});
    return ReadHistoryMark(*opened.session, test_.settings.names);
  };
  test_.database.Sql("grant usage on schema lockstep to " + reader);
  try {
    mark_as_reader();
    FAIL() << "read without the right to";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kPermission);
  }
  test_.database.Sql("grant select on all tables in schema lockstep to " + reader);
  const std::string without_alembic = mark_as_reader();
  test_.database.Sql("alter table alembic_version rename to another");
  EXPECT_NE(mark_as_reader(), without_alembic);
  test_.database.Sql("alter table another rename to alembic_version");
  test_.database.Sql("grant select on alembic_version to " + reader);
  EXPECT_NE(mark_as_reader(), without_alembic);
}

}  // namespace
}  // namespace lockstep
