// Somebody else behind what we use: found, whichever part of it, and by whichever way we ask.
#include <gtest/gtest.h>

#include "base/error.h"
#include "postgres/history_table.h"
#include "postgres/installation.h"
#include "postgres/quoting.h"
#include "support/test_database.h"

namespace lockstep {
namespace {

class Strangers : public ::testing::Test {
 protected:
  void SetUp() override {
    database_.Sql("grant create on database " + QuoteIdentifier(database_.name()) + " to " + us_);
    session_ = OpenSession(database_.UrlAs(us_, "pw"), {});
    InstallBookkeeping(*session_.session, {});
    // Also where the schema becomes somebody else's.
    database_.Sql("grant usage on schema lockstep to public");
    plain_ = ReadHistoryMark(*session_.session, {});
  }

  // The lines that `query` returns, of one column each.
  std::vector<std::string> Names(const std::string& query) const {
    const Rows rows = database_.Open().session->Query(query);
    std::vector<std::string> names;
    for (std::size_t r = 0; r < rows.size(); ++r) names.push_back(rows.Text(r, 0));
    return names;
  }

  bool IsRefused() const {
    try {
      ReadLook(*session_.session, {});
      return false;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kPermission) << error.what();
      return true;
    }
  }

  void ExpectFound(const std::string& made, const std::string& mended) const {
    database_.Sql(made);
    EXPECT_TRUE(IsRefused()) << made;
    EXPECT_NE(ReadHistoryMark(*session_.session, {}), plain_) << made;
    database_.Sql(mended);
    EXPECT_FALSE(IsRefused()) << mended;
    EXPECT_EQ(ReadHistoryMark(*session_.session, {}), plain_) << mended;
  }

  TestDatabase database_;
  std::string us_ = database_.CreateRole("us", "pw");
  std::string stranger_ = database_.CreateRole("stranger", "pw");
  OpenedSession session_;
  std::string plain_;
};

TEST_F(Strangers, WhoOwnsAnyOfOurTablesIsFound) {
  const auto tables = Names(
      "select oid::regclass::text from pg_class"
      " where relnamespace = 'lockstep'::regnamespace and relkind = 'r'");
  EXPECT_EQ(tables.size(), 5U);
  for (const std::string& table : tables) {
    const std::string alter = "alter table " + table + " owner to ";
    ExpectFound(alter + stranger_, alter + us_);
  }
}

TEST_F(Strangers, WhoOwnsAnyOfOurFunctionsIsFound) {
  const auto functions = Names(
      "select oid::regprocedure::text from pg_proc"
      " where pronamespace = 'lockstep'::regnamespace");
  EXPECT_GE(functions.size(), 10U);
  for (const std::string& function : functions) {
    const std::string alter = "alter function " + function + " owner to ";
    ExpectFound(alter + stranger_, alter + us_);
  }
}

TEST_F(Strangers, WhatIsNoneOfOursIsFoundToo) {
  ExpectFound(
      "create function lockstep.other() returns int return 1; "
      "alter function lockstep.other() owner to " +
          stranger_,
      "drop function lockstep.other()");
  ExpectFound("create view lockstep.other as select 1", "drop view lockstep.other");
}

TEST_F(Strangers, WhoOwnsOrMayFillTheSchemaIsFound) {
  ExpectFound("alter schema lockstep owner to " + stranger_,
              "alter schema lockstep owner to " + us_);
  ExpectFound("grant create on schema lockstep to " + stranger_,
              "revoke create on schema lockstep from " + stranger_);
  ExpectFound("grant create on schema lockstep to public",
              "revoke create on schema lockstep from public");
}

TEST_F(Strangers, WhatWouldAnswerInATablesPlaceIsFound) {
  ExpectFound("create rule r as on insert to lockstep.history do also select 1",
              "drop rule r on lockstep.history");
  ExpectFound("alter table lockstep.history enable row level security",
              "alter table lockstep.history disable row level security");
  database_.Sql(
      "create function public.theirs() returns trigger language plpgsql as "
      "'begin return new; end'; alter function public.theirs() owner to " +
      stranger_);
  ExpectFound(
      "create trigger t before insert on lockstep.history for each row "
      "execute function public.theirs()",
      "drop trigger t on lockstep.history");
}

TEST_F(Strangers, TheDatabasesOwnerAndWhoMayBecomeUsAreNone) {
  const std::string owner = "alter schema lockstep owner to ";
  database_.Sql(owner + stranger_ + "; grant " + us_ + " to " + stranger_);
  EXPECT_FALSE(IsRefused());
  database_.Sql("revoke " + us_ + " from " + stranger_);
  EXPECT_TRUE(IsRefused());
  database_.Sql("alter database " + QuoteIdentifier(database_.name()) + " owner to " + stranger_);
  EXPECT_FALSE(IsRefused());
}

}  // namespace
}  // namespace lockstep
