#include "core/long_work.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

namespace lockstep {
namespace {

using enum LongCause;
using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

constexpr std::array kAll = {
    kIndexBuild,       kIndexRebuild,   kUniqueBuild,     kExclusionBuild,
    kCheckScan,        kForeignKeyScan, kNotNullScan,     kColumnType,
    kVolatileDefault,  kNumberedColumn, kGeneratedColumn, kDomainColumn,
    kDomainConstraint, kAttachScan,     kTableRewrite,    kRefresh,
};

LongWork Work(LongCause cause, std::string column = "note", std::string detail = "") {
  return {.cause = cause,
          .schema = "app",
          .relation = "orders",
          .column = std::move(column),
          .detail = std::move(detail)};
}

TEST(LongWork, EachCauseHasAWordToAcknowledgeItThatAHeaderMayUse) {
  for (const LongCause cause : kAll) {
    EXPECT_THAT(std::string(AcknowledgementFor(cause)), AnyOf("rewrite", "scan", "build"));
  }
}

TEST(LongWork, EachCauseSaysWhoWaits) {
  for (const LongCause cause : kAll) {
    EXPECT_THAT(std::string(WhatHappens(cause)), AllOf(HasSubstr("under "), HasSubstr("nobody")));
  }
}

TEST(LongWork, EachSaferWayNamesTheRelationAndNoPlaceholderOfTheCodes) {
  for (const LongCause cause : kAll) {
    EXPECT_THAT(SaferWay(Work(cause)), AllOf(HasSubstr("app.orders"), Not(HasSubstr("{"))));
  }
}

TEST(LongWork, WithoutARelationASaferWayStillReadsWell) {
  for (const LongCause cause : kAll) {
    EXPECT_THAT(SaferWay({.cause = cause}), AllOf(HasSubstr("TABLE"), Not(HasSubstr("  "))));
  }
}

TEST(LongWork, ANotNullIsProvenByACheckThatIsValidatedByItself) {
  EXPECT_EQ(
      SaferWay(Work(kNotNullScan)),
      "alter table app.orders add constraint orders_note_not_null check (note is not null) not "
      "valid; then, in a migration of its own: alter table app.orders validate constraint "
      "orders_note_not_null; then alter table app.orders alter column note set not null; then "
      "alter table app.orders drop constraint orders_note_not_null");
}

TEST(LongWork, ANameThatNeedsQuotesHasThem) {
  EXPECT_THAT(SaferWay({.cause = kCheckScan, .relation = "Orders"}),
              HasSubstr("alter table \"Orders\" validate constraint \"Orders_check\""));
}

TEST(LongWork, APrimaryKeyComesAfterItsColumnIsNotNull) {
  EXPECT_THAT(SaferWay(Work(kNotNullScan, "", "orders_id")),
              HasSubstr("set not null, then add primary key using index orders_id"));
}

TEST(LongWork, AnIndexIsBuiltConcurrentlyOutsideATransaction) {
  EXPECT_THAT(SaferWay(Work(kIndexBuild, "")),
              AllOf(HasSubstr("create index concurrently NAME on app.orders"),
                    HasSubstr("-- transaction: off")));
}

TEST(LongWork, AConstraintIsAddedNotValidAndValidatedLater) {
  for (const LongCause cause : {kCheckScan, kForeignKeyScan}) {
    EXPECT_THAT(SaferWay(Work(cause)),
                AllOf(HasSubstr("not valid; then, in a migration of its own"),
                      HasSubstr("validate constraint orders_note_")));
  }
}

TEST(LongWork, ANewTypeGetsAColumnOfItsOwn) {
  EXPECT_THAT(SaferWay(Work(kColumnType, "id", "int8")),
              HasSubstr("alter table app.orders add column id_new int8"));
}

TEST(LongWork, APartitionAndTheDefaultOneAreCheckedBeforehand) {
  EXPECT_THAT(SaferWay(Work(kAttachScan, "", "app.orders")),
              HasSubstr("then attach partition app.orders"));
  EXPECT_THAT(SaferWay(Work(kAttachScan, "")), HasSubstr("the default partition of app.orders"));
}

}  // namespace
}  // namespace lockstep
