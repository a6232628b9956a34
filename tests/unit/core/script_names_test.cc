#include "core/script_names.h"

#include <gtest/gtest.h>

#include "core/statement_splitter.h"

namespace lockstep {
namespace {

using Name = ScriptNames::Name;

ScriptNames After(const std::string& script) {
  ScriptNames names;
  for (const Statement& statement : SplitStatements(script, "test").statements) {
    names.Follow(statement.kind);
  }
  return names;
}

const Name kOrders{"", "orders"};

TEST(ScriptNamesTest, AreTheCatalogsUntilAStatementMakesOne) {
  EXPECT_EQ(After("alter table orders add n int").InCatalog(kOrders), kOrders);
  EXPECT_EQ(After("create index ix on orders (id)").InCatalog(kOrders), kOrders);
}

TEST(ScriptNamesTest, AreNewOnceTheyAreMade) {
  for (const char* script :
       {"create table orders (id int)", "create temp table orders (id int)",
        "create table orders as select 1", "create view orders as select 1",
        "create materialized view orders as select 1", "create sequence orders",
        "create foreign table orders (id int) server s", "create index orders on items (id)",
        "alter table items rename to o2; create table orders (id int)"}) {
    EXPECT_EQ(After(script).InCatalog(kOrders), std::nullopt) << script;
  }
}

TEST(ScriptNamesTest, MayBeOldWhereTheStatementAllowsIt) {
  for (const char* script :
       {"create table if not exists orders (id int)", "create or replace view orders as select 1",
        "create table app.orders (id int)", "alter table items rename column x to orders"}) {
    EXPECT_EQ(After(script).InCatalog(kOrders), kOrders) << script;
  }
}

TEST(ScriptNamesTest, FollowARelationThroughItsNames) {
  const ScriptNames names = After(
      "alter table orders rename to old; alter table old set schema attic;"
      "create table orders (id int); alter table orders rename to newest");
  EXPECT_EQ(names.InCatalog({"attic", "old"}), kOrders);
  EXPECT_EQ(names.InCatalog(kOrders), std::nullopt);
  EXPECT_EQ(names.InCatalog({"", "newest"}), std::nullopt);
}

TEST(ScriptNamesTest, ForgetWhatIsDropped) {
  EXPECT_EQ(After("drop table orders").InCatalog(kOrders), std::nullopt);
  EXPECT_EQ(After("drop trigger t on orders").InCatalog(kOrders), kOrders);
}

}  // namespace
}  // namespace lockstep
