#include "core/relation_name.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

TEST(RelationNameTest, ReadsNamesAsSqlDoes) {
  EXPECT_EQ(ParseRelationName("orders"), (RelationName{"", "orders"}));
  EXPECT_EQ(ParseRelationName("Public.Orders"), (RelationName{"public", "orders"}));
  EXPECT_EQ(ParseRelationName("\"My.App\".\"My \"\"Orders\""),
            (RelationName{"My.App", "My \"Orders"}));
}

TEST(RelationNameTest, TakesUnfinishedQuotesAsTheyAre) {
  EXPECT_EQ(ParseRelationName("\""), (RelationName{"", "\""}));
  EXPECT_EQ(ParseRelationName("\"a.b"), (RelationName{"", "\"a.b"}));
  EXPECT_EQ(ParseRelationName(""), (RelationName{"", ""}));
}

TEST(RelationNameTest, FindsTheLastPartAsItIsWritten) {
  EXPECT_EQ(LastPart("public.orders"), "orders");
  EXPECT_EQ(LastPart("\"a.b\".\"My Orders\""), "\"My Orders\"");
  EXPECT_EQ(LastPart("orders"), "orders");
}

}  // namespace
}  // namespace lockstep
