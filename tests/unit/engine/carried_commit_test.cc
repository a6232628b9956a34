#include "engine/carried_commit.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

bool Shares(const std::string& text, bool transactional = true) {
  PreparedStep prepared{
      .step = {}, .text = text, .statements = SplitStatements(text, "").statements};
  prepared.step.script.transactional = transactional;
  return MayShareRoundTrip(prepared);
}

TEST(CarriedCommit, IsOfMigrationsThatMakeNewThingsOrInsertGivenRows) {
  EXPECT_TRUE(Shares("create table a (id int primary key);"));
  EXPECT_TRUE(
      Shares("create table a (id int); create index i on a (id); insert into a values (1)"));
  EXPECT_TRUE(Shares("create table a (id int primary key); create table b (a int references a)"));
  EXPECT_TRUE(Shares("create schema s; create type s.t as enum ('a'); create sequence s.q"));
  EXPECT_TRUE(Shares("insert into old_table values (1), (2)"));
  EXPECT_TRUE(Shares("create function f() returns int language sql as 'select 1'"));
  EXPECT_TRUE(Shares("")) << "nothing is brief";
}

TEST(CarriedCommit, IsNotOfWhatMeetsATableThatIsThere) {
  EXPECT_FALSE(Shares("alter table a add column b int"));
  EXPECT_FALSE(Shares("create index i on old_table (id)"));
  EXPECT_FALSE(Shares("create table b (a int references old_table)"));
  EXPECT_FALSE(Shares("create or replace view v as select 1"));
  EXPECT_FALSE(Shares("create table if not exists a (id int); create index i on a (id)"));
  EXPECT_FALSE(Shares("drop table a"));
  EXPECT_FALSE(Shares("comment on table a is 'x'"));
  EXPECT_FALSE(Shares("grant select on a to b"));
}

TEST(CarriedCommit, IsNotOfWhatMayLast) {
  EXPECT_FALSE(Shares("insert into a select * from b"));
  EXPECT_FALSE(Shares("insert into a table b"));
  EXPECT_FALSE(Shares("create table a as select * from b"));
  EXPECT_FALSE(Shares("create materialized view a as select * from b"));
  EXPECT_FALSE(Shares("update a set id = 1"));
  EXPECT_FALSE(Shares("do $$ begin end $$"));
  EXPECT_FALSE(Shares("create extension hstore"));
  EXPECT_FALSE(Shares("set local work_mem = '1GB'"));
  EXPECT_FALSE(Shares("insert into a values ('" + std::string(9'000, 'x') + "')"));
}

TEST(CarriedCommit, IsNotOfWhatRunsOutsideOfATransaction) {
  EXPECT_FALSE(Shares("create table a (id int)", false));
}

}  // namespace
}  // namespace lockstep
