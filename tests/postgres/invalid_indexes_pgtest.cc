#include <gtest/gtest.h>

#include <future>

#include "postgres/invalid_indexes.h"
#include "support/test_database.h"

namespace lockstep {
namespace {

using Names = std::vector<std::string>;

constexpr const char* kBuild = "create index concurrently t_a on public.t (a)";

Names Read(const TestDatabase& database) { return ReadInvalidIndexes(*database.Open().session); }

// Faults: D12.
TEST(InvalidIndexes, AreWhatAFailedBuildLeftBehind) {
  const TestDatabase database;
  database.Sql("create table t (a int); insert into t values (1), (1); create index good on t (a)");
  EXPECT_EQ(Read(database), Names{});
  for (const char* name : {"b_unique", "a_unique"}) {
    const std::string build =
        std::string("create unique index concurrently ") + name + " on public.t (a)";
    EXPECT_FALSE(database.Open().session->Send(build).ok());
  }
  EXPECT_EQ(Read(database), (Names{"public.a_unique", "public.b_unique"}));
  database.Sql("drop index a_unique, b_unique");
  EXPECT_EQ(Read(database), Names{});
}

TEST(InvalidIndexes, AreWhatAPartitionLacks) {
  const TestDatabase database;
  database.Sql(
      "create table p (a int) partition by range (a);"
      "create table p1 partition of p for values from (0) to (9);"
      "create index p_a on only p (a)");
  EXPECT_EQ(Read(database), Names{"public.p_a"});
}

TEST(InvalidIndexes, AreNotThoseThatAreBeingBuilt) {
  const TestDatabase database;
  database.Sql("create table t (a int)");
  const OpenedSession writer = database.Open(), builder = database.Open();
  RequireSuccess(writer.session->Send("begin; insert into public.t values (1)"));
  const auto canceller = builder.session->MakeCanceller();
  auto build = std::async(std::launch::async, [&] { return builder.session->Send(kBuild); });
  const std::string invalid = "select count(*) from pg_index where not indisvalid";
  while (database.Value(invalid) != "1") {
  }
  EXPECT_EQ(Read(database), Names{});
  canceller->Cancel();
  EXPECT_FALSE(build.get().ok());
  EXPECT_EQ(Read(database), Names{"public.t_a"});
}

}  // namespace
}  // namespace lockstep
