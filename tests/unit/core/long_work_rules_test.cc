// Beside tests/postgres/long_work_rules_pgtest.cc, which asks the server: what it cannot be asked.
#include "core/long_work_rules.h"

#include <gtest/gtest.h>

#include "core/not_null_proof.h"

namespace lockstep {
namespace {

LongWork Work(LongCause cause, const std::string& detail = "") {
  return {.cause = cause, .schema = "", .relation = "t", .column = "c", .detail = detail};
}

TEST(LongWorkRulesTest, NothingTakesLongWithoutRows) {
  EXPECT_FALSE(IsLong(Work(LongCause::kTableRewrite), {.has_rows = false}));
  EXPECT_TRUE(IsLong(Work(LongCause::kTableRewrite), {.has_rows = true}));
}

TEST(LongWorkRulesTest, WhatIsNotKnownOfATypeCountsAsLong) {
  WorkFacts facts{.has_rows = true};
  EXPECT_TRUE(IsLong(Work(LongCause::kColumnType), facts));
  facts.type = {.from = "text", .to = "text", .same_storage = true};
  EXPECT_FALSE(IsLong(Work(LongCause::kColumnType), facts));
}

TEST(LongWorkRulesTest, EveryNullableColumnNeedsItsProof) {
  WorkFacts facts{.has_rows = true, .proven = {"(a IS NOT NULL)"}, .nullable = {"a", "b"}};
  EXPECT_TRUE(IsLong(Work(LongCause::kNotNullScan, "index"), facts));
  facts.proven.emplace_back("(b IS NOT NULL)");
  EXPECT_FALSE(IsLong(Work(LongCause::kNotNullScan, "index"), facts));
}

TEST(NotNullProofTest, IsTheTestItselfOrAPartThatAndJoins) {
  EXPECT_TRUE(ProvesNotNull("(c IS NOT NULL)", "c"));
  EXPECT_TRUE(ProvesNotNull("((a > 0) AND (b > 0) AND (c IS NOT NULL))", "c"));
  EXPECT_TRUE(ProvesNotNull("(\"My \"\"C\" IS NOT NULL)", "My \"C"));
}

TEST(NotNullProofTest, IsNothingElse) {
  for (const char* check : {"(c > 0)", "(c IS NULL)", "(b IS NOT NULL)", "((c + 1) IS NOT NULL)",
                            "((c IS NOT NULL) OR (a > 0))", "(NOT (c IS NOT NULL))", "", "((("}) {
    EXPECT_FALSE(ProvesNotNull(check, "c")) << check;
  }
}

}  // namespace
}  // namespace lockstep
