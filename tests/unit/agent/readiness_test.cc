#include "agent/readiness.h"

#include <gtest/gtest.h>

#include <functional>

namespace lockstep {
namespace {

constexpr SteadyTime kNow{std::chrono::hours(1)};

// All is well: reached just now, nothing pending.
TargetStatus Good(const std::function<void(DatabaseSight&)>& change = {}) {
  DatabaseSight sight;
  sight.applied = {"a", "b"};
  if (change) change(sight);
  TargetStatus status;
  status.reachable = true;
  status.looked_steady = kNow;
  status.sight = std::make_shared<const DatabaseSight>(std::move(sight));
  return status;
}

TEST(Readiness, IsThereWhenEveryMigrationIsApplied) {
  EXPECT_TRUE(ReadinessOf(Good(), kNow).ready);
}

TEST(Readiness, IsNotThereBeforeTheFirstLook) {
  TargetStatus status;
  EXPECT_EQ(ReadinessOf(status, kNow),
            (Readiness{false, "the database has not been looked at yet"}));
  status.problem = "refused";
  EXPECT_EQ(ReadinessOf(status, kNow), (Readiness{false, "refused"}));
}

TEST(Readiness, EndsWithTheDatabase) {
  TargetStatus status = Good();
  status.reachable = false;
  status.problem = "refused";
  EXPECT_EQ(ReadinessOf(status, kNow),
            (Readiness{false, "the database cannot be reached: refused"}));
}

TEST(Readiness, EndsWithThePicturesTime) {
  TargetStatus status = Good();
  status.fresh_for = std::chrono::seconds(15);
  EXPECT_TRUE(ReadinessOf(status, kNow + std::chrono::seconds(15)).ready);
  const SteadyTime later = kNow + std::chrono::seconds(16);
  EXPECT_EQ(ReadinessOf(status, later),
            (Readiness{false, "the database was last heard of 16 s ago"}));
  EXPECT_FALSE(ReadinessOf(status, later, "a").ready);
}

// There is no look in those hours, and the application that needs what is applied goes on.
TEST(Readiness, OfAnAppliedRevisionOutlastsALongRun) {
  TargetStatus status = Good();
  status.run = RunProgress{.leader = true};
  const SteadyTime later = kNow + std::chrono::hours(5);
  EXPECT_TRUE(ReadinessOf(status, later, "a").ready);
  EXPECT_FALSE(ReadinessOf(status, later).ready);
}

TEST(Readiness, IsNotThereWhileSomethingIsPendingWhoeverLeads) {
  TargetStatus status = Good([](DatabaseSight& sight) { sight.pending = {"c", "d"}; });
  EXPECT_EQ(ReadinessOf(status, kNow), (Readiness{false, "migrations are pending: c, d"}));
  status.run = RunProgress{.leader = true};
  EXPECT_EQ(ReadinessOf(status, kNow), (Readiness{false, "migrations are being applied: c, d"}));
  status.run->leader = false;
  EXPECT_EQ(ReadinessOf(status, kNow),
            (Readiness{false, "another replica applies migrations: c, d"}));
}

TEST(Readiness, OfOneRevisionAsksForThatOneAlone) {
  const TargetStatus status = Good([](DatabaseSight& sight) {
    sight.pending = {"c"};
    sight.failed = {"c"};
  });
  EXPECT_TRUE(ReadinessOf(status, kNow, "a").ready);
  EXPECT_EQ(ReadinessOf(status, kNow, "c"), (Readiness{false, "revision \"c\" is not applied"}));
}

TEST(Readiness, EndsWithAFailure) {
  const TargetStatus status = Good([](DatabaseSight& sight) {
    sight.pending = {"c"};
    sight.failed = {"c"};
  });
  EXPECT_EQ(ReadinessOf(status, kNow),
            (Readiness{false, "revision \"c\" failed, or awaits resolution"}));
}

TEST(Readiness, OfADatabaseThatIsAheadIsAQuestionOfPolicy) {
  TargetStatus status = Good([](DatabaseSight& sight) { sight.ahead = {"z"}; });
  EXPECT_TRUE(ReadinessOf(status, kNow).ready);
  status.ready_when_ahead = false;
  EXPECT_EQ(ReadinessOf(status, kNow),
            (Readiness{false, "the database is ahead of this folder, which lacks z"}));
}

TEST(Readiness, IsNotThereWithAFolderThatHasErrors) {
  TargetStatus status = Good();
  status.folder_ok = false;
  status.problem = "the migrations have errors";
  EXPECT_EQ(ReadinessOf(status, kNow), (Readiness{false, "the migrations have errors"}));
}

}  // namespace
}  // namespace lockstep
