#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "postgres/lock_targets.h"
#include "support/test_database.h"

namespace lockstep {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

Statement Locking(NamedLock lock) {
  Statement statement;
  statement.kind.locks = {std::move(lock)};
  return statement;
}

std::vector<std::string> NamesAndModes(const std::vector<LockTarget>& targets) {
  std::vector<std::string> texts;
  for (const LockTarget& target : targets) {
    texts.push_back(target.name + " " + std::string(NameOf(target.mode)));
  }
  return texts;
}

class LockTargetsTest : public ::testing::Test {
 protected:
  std::vector<StatementLocks> Find(const std::string& script,
                                   const std::string& search_path = "public") {
    return FindStatementLocks(*session(), {.search_path = search_path, .role = ""},
                              SplitStatements(script, "test").statements);
  }

  // The targets of one lock.
  std::vector<std::string> TargetsOfOne(NamedLock lock) {
    const auto found = FindStatementLocks(*session(), {.search_path = "public", .role = ""},
                                          {Locking(std::move(lock))});
    return NamesAndModes(found.at(0).targets);
  }

  Session* session() {
    if (!session_) session_ = database_.Open().session;
    return session_.get();
  }

  TestDatabase database_;
  std::unique_ptr<Session> session_;
};

NamedLock On(LockedThing thing, const std::string& name, std::vector<LockReach> reach = {}) {
  NamedLock lock{.thing = thing,
                 .schema = "",
                 .name = name,
                 .mode = LockMode::kAccessExclusive,
                 .follow = {},
                 .constraint = "",
                 .column = ""};
  for (const LockReach one : reach) lock.follow.push_back({one, LockMode::kShare});
  return lock;
}

TEST_F(LockTargetsTest, FollowTheSearchPathAndKeepNamesAsTheyAre) {
  database_.Sql(
      "create schema app; create table app.t (id int); create table t (id int);"
      "create table \"My \"\"T\" (id int)");
  EXPECT_THAT(NamesAndModes(Find("alter table t add n int", "app, public").at(0).targets),
              ElementsAre("app.t ACCESS EXCLUSIVE"));
  EXPECT_THAT(NamesAndModes(Find("alter table t add n int").at(0).targets),
              ElementsAre("public.t ACCESS EXCLUSIVE"));
  EXPECT_THAT(TargetsOfOne(On(LockedThing::kRelation, "My \"T")),
              ElementsAre("public.\"My \"\"T\" ACCESS EXCLUSIVE"));
}

TEST_F(LockTargetsTest, ReachDescendantsAllTheWayDown) {
  database_.Sql(
      "create table p (id int) partition by list (id);"
      "create table p1 partition of p for values in (1) partition by list (id);"
      "create table p1a partition of p1 for values in (1);"
      "create table p_rest partition of p default;"
      "create table animal (id int); create table dog () inherits (animal)");
  EXPECT_THAT(TargetsOfOne(On(LockedThing::kRelation, "p", {LockReach::kPartitions})),
              ElementsAre("public.p ACCESS EXCLUSIVE", "public.p1 SHARE", "public.p1a SHARE",
                          "public.p_rest SHARE"));
  EXPECT_THAT(TargetsOfOne(On(LockedThing::kRelation, "animal", {LockReach::kDescendants})),
              ElementsAre("public.animal ACCESS EXCLUSIVE", "public.dog SHARE"));
  EXPECT_THAT(TargetsOfOne(On(LockedThing::kRelation, "animal", {LockReach::kPartitions})),
              ElementsAre("public.animal ACCESS EXCLUSIVE"));
  EXPECT_THAT(TargetsOfOne(On(LockedThing::kRelation, "p", {LockReach::kDefaultPartition})),
              ElementsAre("public.p ACCESS EXCLUSIVE", "public.p_rest SHARE"));
  EXPECT_THAT(TargetsOfOne(On(LockedThing::kRelation, "p1",
                              {LockReach::kParent, LockReach::kSiblingDefault})),
              ElementsAre("public.p SHARE", "public.p1 ACCESS EXCLUSIVE", "public.p_rest SHARE"));
}

TEST_F(LockTargetsTest, ReachBothEndsOfForeignKeys) {
  database_.Sql(
      "create table a (id int primary key); create table z (id int primary key);"
      "create table b (id int primary key, a_id int constraint to_a references a,"
      "                z_id int references z);"
      "create table c (b_id int references b)");
  EXPECT_THAT(TargetsOfOne(On(LockedThing::kRelation, "b", {LockReach::kReferencedTables})),
              ElementsAre("public.a SHARE", "public.z SHARE", "public.b ACCESS EXCLUSIVE"));
  EXPECT_THAT(TargetsOfOne(On(LockedThing::kRelation, "a", {LockReach::kReferencingTables})),
              ElementsAre("public.a ACCESS EXCLUSIVE", "public.b SHARE", "public.c SHARE"));
  NamedLock one = On(LockedThing::kRelation, "b", {LockReach::kReferencedTables});
  one.constraint = "to_a";
  EXPECT_THAT(TargetsOfOne(one), ElementsAre("public.a SHARE", "public.b ACCESS EXCLUSIVE"));
  one.constraint = "";
  one.column = "z_id";
  EXPECT_THAT(TargetsOfOne(one), ElementsAre("public.z SHARE", "public.b ACCESS EXCLUSIVE"));
}

TEST_F(LockTargetsTest, ReachFromOtherThingsToTheirTables) {
  database_.Sql(
      "create domain d as int; create domain dd as d; create type pair as (a int, b int);"
      "create table t (id serial, x d); create table u (y dd); create table v of pair;"
      "create index ix on t (id); create statistics st on a, b from v;"
      "create publication pub for table u; create view w as select * from t;"
      "create view ww as select * from w");
  EXPECT_THAT(TargetsOfOne(On(LockedThing::kDomain, "d")),
              ElementsAre("public.t ACCESS EXCLUSIVE", "public.u ACCESS EXCLUSIVE"));
  EXPECT_THAT(TargetsOfOne(On(LockedThing::kType, "pair")),
              ElementsAre("public.v ACCESS EXCLUSIVE"));
  EXPECT_THAT(TargetsOfOne(On(LockedThing::kIndex, "ix", {LockReach::kTableOfIndex})),
              ElementsAre("public.t SHARE", "public.ix ACCESS EXCLUSIVE"));
  EXPECT_THAT(TargetsOfOne(On(LockedThing::kStatistics, "st")),
              ElementsAre("public.v ACCESS EXCLUSIVE"));
  EXPECT_THAT(TargetsOfOne(On(LockedThing::kPublication, "pub")),
              ElementsAre("public.u ACCESS EXCLUSIVE"));
  EXPECT_THAT(TargetsOfOne(On(LockedThing::kRelation, "t", {LockReach::kOwnedSequences})),
              UnorderedElementsAre("public.t ACCESS EXCLUSIVE", "public.t_id_seq SHARE"));
  EXPECT_THAT(TargetsOfOne(On(LockedThing::kRelation, "ww", {LockReach::kViewedTables})),
              ElementsAre("public.t SHARE", "public.w SHARE", "public.ww ACCESS EXCLUSIVE"));
}

TEST_F(LockTargetsTest, ReachWhatACascadeTakesAlong) {
  database_.Sql(
      "create function f() returns int immutable language sql as 'select 1';"
      "create table a (id int primary key, n int default f());"
      "create table b (a_id int references a, n int);"
      "create view w as select n from b; create view ww as select * from w;"
      "create materialized view apart as select a_id from b");
  const std::vector<LockReach> dependents = {LockReach::kDependents};
  EXPECT_THAT(TargetsOfOne(On(LockedThing::kFunction, "f", dependents)),
              ElementsAre("public.a SHARE"));
  NamedLock column = On(LockedThing::kRelation, "b", dependents);
  column.column = "n";
  EXPECT_THAT(TargetsOfOne(column),
              ElementsAre("public.b ACCESS EXCLUSIVE", "public.w SHARE", "public.ww SHARE"));
  EXPECT_THAT(TargetsOfOne(On(LockedThing::kRelation, "a", dependents)),
              ::testing::IsSupersetOf({"public.a ACCESS EXCLUSIVE", "public.b SHARE"}));
}

TEST_F(LockTargetsTest, TakeEveryRelationOfASchema) {
  database_.Sql("create schema s; create table s.t (id int); create view s.v as select 1 as one");
  EXPECT_THAT(TargetsOfOne(On(LockedThing::kSchema, "s")),
              ElementsAre("s.t ACCESS EXCLUSIVE", "s.v ACCESS EXCLUSIVE"));
}

TEST_F(LockTargetsTest, AreNewObjectsAloneWhereTheScriptMakesThem) {
  const auto found = Find(
      "create table t (id int, n int);"
      "create index on t (id);"
      "alter table t alter id type bigint;"
      "alter table t rename to u;"
      "alter table u add unique (id)");
  for (const StatementLocks& locks : found) {
    EXPECT_EQ(LetterOf(locks.lock_class), "E");
    EXPECT_THAT(locks.targets, IsEmpty());
    EXPECT_THAT(locks.long_work, IsEmpty());
  }
}

TEST_F(LockTargetsTest, KeepARelationInSightThatTheScriptRenames) {
  database_.Sql("create table t (id int); insert into t values (1)");
  const auto found = Find(
      "alter table t rename to old;"
      "create table t (id int); create index on t (id);"
      "create index on old (id)");
  EXPECT_EQ(LetterOf(found[2].lock_class), "E");
  EXPECT_EQ(LetterOf(found[3].lock_class), "C");
  EXPECT_EQ(found[3].long_work.at(0).relation, "public.t");
}

TEST_F(LockTargetsTest, KeepARelationThatIsDroppedAndMadeAgain) {
  database_.Sql("create table t (id int); insert into t values (1)");
  const auto found = Find("drop table t; create table t (id int); create index on t (id)");
  EXPECT_THAT(NamesAndModes(TargetsOf(found)), ElementsAre("public.t ACCESS EXCLUSIVE"));
  EXPECT_EQ(LetterOf(found[2].lock_class), "E");
}

TEST_F(LockTargetsTest, SayHowLargeTheWorkIsAndWhoseItIs) {
  database_.Sql(
      "create table p (id int, v text) partition by list (id);"
      "create table p1 partition of p for values in (1);"
      "insert into p select 1, repeat('x', 1000) from generate_series(1, 200)");
  const auto found =
      Find("alter table p alter v set not null; alter table p1 alter v set not null");
  EXPECT_EQ(LetterOf(found[0].lock_class), "C");
  const FoundWork& whole = found[0].long_work.at(0);
  const FoundWork& partition = found[1].long_work.at(0);
  EXPECT_EQ(whole.relation, "public.p");
  EXPECT_EQ(whole.parent, "");
  EXPECT_EQ(partition.relation, "public.p1");
  EXPECT_EQ(partition.parent, "public.p");
  EXPECT_EQ(partition.bytes, whole.bytes);
  EXPECT_EQ(std::to_string(whole.bytes), database_.Value("select pg_table_size('p1')"));
}

TEST_F(LockTargetsTest, MergeToTheStrongestModeInTheOrderOfOids) {
  database_.Sql("create table a (id int); create table b (id int)");
  const auto found =
      Find("create index on b (id); alter table a add n int; alter table b add n int");
  EXPECT_THAT(NamesAndModes(TargetsOf(found)),
              ElementsAre("public.a ACCESS EXCLUSIVE", "public.b ACCESS EXCLUSIVE"));
}

TEST_F(LockTargetsTest, AreLockableForARoleThatMayWrite) {
  database_.Sql("create table a (id int); create view v as select * from a");
  const std::string role = database_.CreateRole("reader", "pw");
  database_.Sql("grant select on a to \"" + role + "\"");
  const auto of = [this](const std::string& as) {
    return FindStatementLocks(
        *session(), {.search_path = "public", .role = as},
        {Locking(On(LockedThing::kRelation, "a")), Locking(On(LockedThing::kRelation, "v"))});
  };
  EXPECT_TRUE(of("")[0].targets.at(0).lockable);
  EXPECT_FALSE(of("")[1].targets.at(0).lockable);
  EXPECT_FALSE(of(role)[0].targets.at(0).lockable);
  database_.Sql("grant delete on a to \"" + role + "\"");
  EXPECT_TRUE(of(role)[0].targets.at(0).lockable);
}

TEST_F(LockTargetsTest, AreFoundByARoleThatMayNotUseTheSchema) {
  database_.Sql(
      "create schema app; create type app.mood as enum ('ok');"
      "create table app.t (id int, n text); insert into app.t values (1, 'ok')");
  const std::string role = database_.CreateRole("stranger", "pw");
  session_ = OpenSession(database_.UrlAs(role, "pw"), SessionOptions{.purpose = "look"}).session;
  const auto found = Find("alter table app.t alter n type app.mood using n::app.mood");
  EXPECT_EQ(LetterOf(found[0].lock_class), "C");
  EXPECT_THAT(NamesAndModes(found[0].targets), ElementsAre("app.t ACCESS EXCLUSIVE"));
}

TEST_F(LockTargetsTest, LeaveTheSessionAsItWas) {
  database_.Sql("create table a (id int)");
  const std::string settings =
      "select current_setting('search_path'), current_user, current_setting('lock_timeout'),"
      " pg_current_xact_id_if_assigned()";
  const auto before = session()->Query(settings).rows;
  Find("alter table a add n int");
  EXPECT_EQ(session()->Query(settings).rows, before);
}

TEST_F(LockTargetsTest, AskNothingForStatementsThatLockNothing) {
  session()->Send("begin; select 1/0");  // whatever is asked now is refused
  EXPECT_EQ(Find("select 1; insert into t values (1)").size(), 2u);
}

TEST_F(LockTargetsTest, WaitForNobodyButForASize) {
  database_.Sql("create table t (id int); insert into t values (1)");
  const auto holder = database_.Open().session;
  holder->Send("begin; lock table public.t");
  EXPECT_EQ(Find("alter table t add n int").at(0).targets.size(), 1u);
  try {
    Find("create index on t (id)");
    FAIL() << "its size cannot be known";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBusy);
  }
  EXPECT_TRUE(session()->Send("begin; rollback").ok());
}

}  // namespace
}  // namespace lockstep
