#include "core/statement_long_work.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/statement_kind.h"

namespace lockstep {
namespace {

using enum LongCause;

std::vector<LongWork> WorkIn(std::string_view sql) { return ClassifyStatement(sql).long_work; }

void ExpectOne(std::string_view sql, const LongWork& expected) {
  const std::vector<LongWork> found = WorkIn(sql);
  ASSERT_EQ(found.size(), 1U) << sql;
  EXPECT_EQ(found[0].cause, expected.cause) << sql;
  EXPECT_EQ(found[0].schema, expected.schema) << sql;
  EXPECT_EQ(found[0].relation, expected.relation) << sql;
  EXPECT_EQ(found[0].column, expected.column) << sql;
  EXPECT_EQ(found[0].detail, expected.detail) << sql;
  EXPECT_EQ(found[0].unless_proven, expected.unless_proven) << sql;
}

std::string TypeIn(const std::string& type) {
  return WorkIn("alter table t alter a type " + type).at(0).detail;
}

TEST(StatementLongWork, NamesWhatTakesLong) {
  ExpectOne("create index i on s.t (a)", {kIndexBuild, "s", "t", "", ""});
  ExpectOne("create index i on only t (a)", {kIndexBuild, "", "t", "", "only"});
  ExpectOne("reindex index s.i", {kIndexRebuild, "s", "i", "", ""});
  ExpectOne("reindex schema s", {kIndexRebuild, "s", "", "", ""});
  ExpectOne("refresh materialized view s.v", {kRefresh, "s", "v", "", ""});
  ExpectOne("vacuum full t", {kTableRewrite, "", "t", "", ""});
  ExpectOne("vacuum full", {kTableRewrite, "", "", "", ""});
  ExpectOne("alter domain s.d set not null", {kDomainConstraint, "s", "d", "", ""});
  ExpectOne("alter table s.t alter a set not null", {kNotNullScan, "s", "t", "a", ""});
  ExpectOne("alter table t add a serial", {kNumberedColumn, "", "t", "a", ""});
  ExpectOne("alter table t add a int generated always as (b) stored",
            {kGeneratedColumn, "", "t", "a", ""});
  ExpectOne("alter table t add check (a > 0)", {kCheckScan, "", "t", "", ""});
  ExpectOne("alter table t add exclude using gist (a with =)", {kExclusionBuild, "", "t", "", ""});
}

TEST(StatementLongWork, LeavesToTheCatalogWhatOnlyItKnows) {
  ExpectOne("alter table t add primary key using index i", {kNotNullScan, "", "t", "", "i", false});
  ExpectOne("alter table t add a app.mood",
            {kDomainColumn, "", "t", "a", "\"app\".\"mood\"", false});
  ExpectOne("create table p partition of s.t default", {kAttachScan, "s", "t", "", "", false});
}

TEST(StatementLongWork, AttachingReadsThePartitionAndPerhapsTheDefaultOne) {
  const std::vector<LongWork> expected = {{kAttachScan, "s", "p", "", "s.p", true},
                                          {kAttachScan, "", "t", "", "", false}};
  EXPECT_EQ(WorkIn("alter table t attach partition s.p for values in (1)"), expected);
  EXPECT_TRUE(WorkIn("alter index i attach partition j").empty());
}

TEST(StatementLongWork, NamesTheFunctionsOfADefaultThatMayDiffer) {
  ExpectOne("alter table t add a text default lower(s.f(random()) || now())",
            {kVolatileDefault, "", "t", "a", "s.f,random"});
  EXPECT_TRUE(WorkIn("alter table t add a text default lower(now()::text)").empty());
}

TEST(StatementLongWork, EveryCommandOfAStatementCounts) {
  EXPECT_EQ(WorkIn("alter table t add a int unique check (a > 0), alter b set not null").size(),
            3U);
  EXPECT_EQ(WorkIn("vacuum (full) t, u").size(), 2U);
}

TEST(StatementLongWork, WhatIsQuickOrWeakTakesNoTime) {
  for (const std::string_view sql :
       {"create index concurrently i on t (a)", "reindex (concurrently) table t",
        "refresh materialized view concurrently v", "vacuum t", "alter table t add a int",
        "alter table t add a uuid[]", "alter table t add a mood[]",
        "alter table t add unique using index i", "alter table t add check (a > 0) not valid",
        "alter table t validate constraint c", "alter view v alter a set default 1",
        "create table t (a int unique)", "alter domain d drop not null"}) {
    EXPECT_TRUE(WorkIn(sql).empty()) << sql;
  }
}

TEST(StatementLongWork, WritesATypeSoThatItCanBeReadAgain) {
  EXPECT_EQ(TypeIn("bigint"), "int8");
  EXPECT_EQ(TypeIn("varchar(20)"), "varchar(20)");
  EXPECT_EQ(TypeIn("numeric(10, 0)[][]"), "numeric(10, 0)[][]");
  EXPECT_EQ(TypeIn("char"), "bpchar(1)");
  EXPECT_EQ(TypeIn("\"char\""), "\"char\"");
  EXPECT_EQ(TypeIn("timestamp(3) with time zone"), "timestamptz(3)");
  EXPECT_EQ(TypeIn("app.\"My\"\"Type\""), "\"app\".\"My\"\"Type\"");
  EXPECT_EQ(TypeIn("geometry(point, 4326)"), "\"geometry\"(\"point\", 4326)");
}

TEST(StatementLongWork, SaysNoTypeWhereMoreThanTheTypeCounts) {
  for (const std::string type : {"text using b || ''", "text collate \"C\"", "interval year"}) {
    EXPECT_EQ(TypeIn(type), "") << type;
  }
}

}  // namespace
}  // namespace lockstep
