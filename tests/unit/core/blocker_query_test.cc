#include "core/blocker_query.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

std::string WithoutConstants(std::string_view query) {
  return Disclosed(query, QueryDisclosure::kWithoutConstants);
}

TEST(BlockerQuery, LosesItsConstants) {
  EXPECT_EQ(WithoutConstants("select * from t1 where mail = 'a@b' and age > 17"),
            "select * from t1 where mail = ? and age > ?");
  EXPECT_EQ(WithoutConstants("select $$secret$$, E'x\\'y', 1.5e30"), "select ?, ?, ?.?");
  EXPECT_EQ(WithoutConstants("update \"T 1\" set a = a"), "update \"T 1\" set a = a");
}

TEST(BlockerQuery, LosesNumbersHoweverTheyAreWritten) {
  EXPECT_EQ(WithoutConstants("select 0xDEAD, 1e10, 1_000, t1.c2"), "select ?, ?, ?, t1.c2");
}

TEST(BlockerQuery, LosesWhatItsCommentsSay) {
  EXPECT_EQ(WithoutConstants("/* key=hunter2 */ select a -- hunter2"), "select a");
}

// pg_stat_activity cuts a statement at track_activity_query_size.
TEST(BlockerQuery, LosesAConstantThatWasCutToo) {
  EXPECT_EQ(WithoutConstants("alter role app password 'hunt"), "alter role app password ?");
  EXPECT_EQ(WithoutConstants("do $$ begin perform 'hunt"), "do ?");
}

TEST(BlockerQuery, IsToldAsTheUserWantsIt) {
  EXPECT_EQ(Disclosed("select 1", QueryDisclosure::kText), "select 1");
  EXPECT_EQ(Disclosed("select 1", QueryDisclosure::kOff), "");
  const std::string hash = Disclosed("select 1", QueryDisclosure::kHash);
  EXPECT_EQ(hash.size(), std::string_view("sha256:").size() + 16);
  EXPECT_NE(hash, Disclosed("select 2", QueryDisclosure::kHash));
  EXPECT_EQ(Disclosed("", QueryDisclosure::kHash), "");
}

TEST(BlockerQuery, HasANameForEachWay) {
  for (const char* name : {"without_constants", "text", "hash", "off"}) {
    EXPECT_TRUE(QueryDisclosureNamed(name)) << name;
  }
  EXPECT_FALSE(QueryDisclosureNamed("all"));
}

}  // namespace
}  // namespace lockstep
