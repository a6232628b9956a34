#include <gtest/gtest.h>

#include <optional>

#include "support/test_database.h"

namespace lockstep {
namespace {

TEST(TestDatabaseTest, TwoDatabasesShareNothing) {
  const TestDatabase a, b;
  a.Sql("create table t (id int); insert into t values (7)");
  EXPECT_EQ(a.Value("select id from t"), "7");
  EXPECT_EQ(b.Value("select to_regclass('public.t')"), "");
}

TEST(TestDatabaseTest, SqlThatIsRefusedFailsTheTest) {
  const TestDatabase db;
  EXPECT_THROW(db.Sql("select 1; select nope"), std::runtime_error);
  EXPECT_THROW(db.Value("select nope"), std::runtime_error);
}

TEST(TestDatabaseTest, GoesWithItsRolesAndSessions) {
  const TestDatabase witness;
  std::optional<TestDatabase> db(std::in_place);
  const std::string name = db->name();
  const std::string role = db->CreateRole("app", "pa'ss", "createdb");
  const OpenedSession session = OpenSession(db->UrlAs(role, "pa'ss"), {});
  EXPECT_EQ(session.facts.user, role);
  EXPECT_EQ(session.facts.database, name);
  db->Sql("create table t (id int); grant select on t to \"" + role + "\"");
  db.reset();
  EXPECT_EQ(witness.Value("select count(*) from pg_database where datname = '" + name + "'"), "0");
  EXPECT_EQ(witness.Value("select count(*) from pg_roles where rolname = '" + role + "'"), "0");
}

TEST(TestDatabaseTest, TheConnectionStringLeadsBack) {
  const TestDatabase db;
  const ConnectionUrl url = db.url().With("options", "-c a.b=it\\'s");
  EXPECT_EQ(ConnectionUrl::Parse(ToConnectionString(url)).options(), url.options());
}

}  // namespace
}  // namespace lockstep
