#include "core/long_work_refusal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr long long kMiB = 1024 * 1024;
constexpr long long kSmall = 10 * kMiB;

FoundWork Found(LongCause cause, long long bytes = 120 * kMiB) {
  return {
      .work = {.cause = cause, .schema = "", .relation = "orders", .column = "id", .detail = ""},
      .relation = "public.orders",
      .parent = "",
      .bytes = bytes};
}

Script Acknowledging(std::vector<Acknowledgement> acknowledged) {
  Script script;
  script.file = "1.up.sql";
  script.text = "-- 1\nselect 1;\nalter table orders alter id type bigint;\n";
  script.acknowledged = std::move(acknowledged);
  return script;
}

Diagnostics Refuse(const Script& script, const std::vector<FoundWork>& works) {
  const SplitScript split = SplitStatements(script.text, script.file);
  return RefuseLongWork(script, split.statements, {{}, works}, kSmall);
}

TEST(LongWorkRefusalTest, NamesTheTableItsSizeTheConsequenceAndTheWayOut) {
  const Diagnostics refused = Refuse(Acknowledging({}), {Found(LongCause::kColumnType)});
  ASSERT_THAT(refused, SizeIs(1));
  EXPECT_EQ(refused[0].code, "long-lock");
  EXPECT_EQ(refused[0].severity, Severity::kError);
  EXPECT_EQ(refused[0].file, "1.up.sql");
  EXPECT_EQ(refused[0].line, 3);
  EXPECT_EQ(refused[0].column, 1);
  EXPECT_EQ(refused[0].source_line, "alter table orders alter id type bigint;");
  EXPECT_EQ(refused[0].message,
            "public.orders has 120 MiB: " + std::string(WhatHappens(LongCause::kColumnType)));
  EXPECT_EQ(refused[0].hint, SaferWay(Found(LongCause::kColumnType).work) +
                                 "; or accept it: \"-- acknowledge: orders rewrite\"");
}

TEST(LongWorkRefusalTest, LeavesSmallTablesAlone) {
  EXPECT_THAT(Refuse(Acknowledging({}), {Found(LongCause::kColumnType, kSmall)}), IsEmpty());
  EXPECT_THAT(Refuse(Acknowledging({}), {Found(LongCause::kColumnType, kSmall + 1)}), SizeIs(1));
}

TEST(LongWorkRefusalTest, AcceptsTheCostThatIsAcknowledgedAndNoOther) {
  const std::vector<FoundWork> works = {Found(LongCause::kColumnType)};
  for (const char* table :
       {"orders", "public.orders", "ORDERS", "\"orders\"", "public.\"orders\""}) {
    EXPECT_THAT(Refuse(Acknowledging({{table, "rewrite"}}), works), IsEmpty()) << table;
    EXPECT_THAT(Refuse(Acknowledging({{table, "lock"}}), works), IsEmpty()) << table;
    EXPECT_THAT(Refuse(Acknowledging({{table, "scan"}}), works), SizeIs(1)) << table;
  }
  for (const char* table : {"order", "app.orders", "\"Orders\"", "\"public.orders\"", ""}) {
    EXPECT_THAT(Refuse(Acknowledging({{table, "rewrite"}}), works), SizeIs(1)) << table;
  }
}

TEST(LongWorkRefusalTest, CoversAPartitionByItsPartitionedTable) {
  FoundWork partition = Found(LongCause::kAttachScan);
  partition.parent = "app.events";
  EXPECT_THAT(Refuse(Acknowledging({{"events", "scan"}}), {partition}), IsEmpty());
  EXPECT_THAT(Refuse(Acknowledging({{"public.events", "scan"}}), {partition}), SizeIs(1));
}

TEST(LongWorkRefusalTest, NeverTakesAnEmptyNameForATableWithoutAPartitionedOne) {
  EXPECT_THAT(Refuse(Acknowledging({{"\"\"", "lock"}}), {Found(LongCause::kColumnType)}),
              SizeIs(1));
}

TEST(LongWorkRefusalTest, SaysOnceWhatAStatementDoesToATable) {
  const std::vector<FoundWork> works = {
      Found(LongCause::kColumnType), Found(LongCause::kNotNullScan), Found(LongCause::kColumnType)};
  const Diagnostics refused = Refuse(Acknowledging({}), works);
  ASSERT_THAT(refused, SizeIs(1));
  EXPECT_THAT(refused[0].hint, HasSubstr("-- acknowledge: orders lock"));
  const Diagnostics partly = Refuse(Acknowledging({{"orders", "rewrite"}}), works);
  ASSERT_THAT(partly, SizeIs(1));
  EXPECT_THAT(partly[0].hint, HasSubstr("-- acknowledge: orders scan"));
}

TEST(LongWorkRefusalTest, WritesTheNameAsTheHeaderTakesIt) {
  FoundWork odd = Found(LongCause::kColumnType);
  odd.relation = "app.\"My Orders\"";
  EXPECT_THAT(Refuse(Acknowledging({}), {odd}).at(0).hint,
              HasSubstr("-- acknowledge: \"My Orders\" rewrite"));
  EXPECT_THAT(Refuse(Acknowledging({{"\"My Orders\"", "rewrite"}}), {odd}), IsEmpty());
  odd.work.schema = "app";
  EXPECT_THAT(Refuse(Acknowledging({}), {odd}).at(0).hint,
              HasSubstr("-- acknowledge: app.\"My Orders\" rewrite"));
}

TEST(LongWorkRefusalTest, TellsLargeSizesInTheirUnit) {
  const auto message_of = [](long long bytes) {
    return Refuse(Acknowledging({}), {Found(LongCause::kColumnType, bytes)}).at(0).message;
  };
  EXPECT_THAT(message_of(1200 * kMiB), HasSubstr("1.2 GiB"));
  EXPECT_THAT(message_of(3LL * 1024 * 1024 * kMiB), HasSubstr("3.0 TiB"));
}

TEST(LongWorkRefusalTest, ShowsNoLineOfAScriptWithVariables) {
  Script script = Acknowledging({});
  script.variables = true;
  EXPECT_EQ(Refuse(script, {Found(LongCause::kColumnType)}).at(0).source_line, "");
}

}  // namespace
}  // namespace lockstep
