#include "agent/readiness.h"

#include <gtest/gtest.h>

#include <functional>

namespace lockstep {
namespace {

// All is well: reached, nothing pending.
TargetStatus Good(const std::function<void(DatabaseSight&)>& change = {}) {
  DatabaseSight sight;
  sight.applied = {"a", "b"};
  if (change) change(sight);
  TargetStatus status;
  status.reachable = true;
  status.sight = std::make_shared<const DatabaseSight>(std::move(sight));
  return status;
}

TEST(Readiness, IsThereWhenEveryMigrationIsApplied) { EXPECT_TRUE(ReadinessOf(Good()).ready); }

TEST(Readiness, IsNotThereBeforeTheFirstLook) {
  TargetStatus status;
  EXPECT_EQ(ReadinessOf(status), (Readiness{false, "the database has not been looked at yet"}));
  status.problem = "refused";
  EXPECT_EQ(ReadinessOf(status), (Readiness{false, "refused"}));
}

TEST(Readiness, EndsWithTheDatabase) {
  TargetStatus status = Good();
  status.reachable = false;
  status.problem = "refused";
  EXPECT_EQ(ReadinessOf(status), (Readiness{false, "the database cannot be reached: refused"}));
}

TEST(Readiness, IsNotThereWhileSomethingIsPendingWhoeverLeads) {
  TargetStatus status = Good([](DatabaseSight& sight) { sight.pending = {"c", "d"}; });
  EXPECT_EQ(ReadinessOf(status), (Readiness{false, "migrations are pending: c, d"}));
  status.run = RunProgress{.leader = true};
  EXPECT_EQ(ReadinessOf(status), (Readiness{false, "migrations are being applied: c, d"}));
  status.run->leader = false;
  EXPECT_EQ(ReadinessOf(status), (Readiness{false, "another replica applies migrations: c, d"}));
}

TEST(Readiness, OfOneRevisionAsksForThatOneAlone) {
  const TargetStatus status = Good([](DatabaseSight& sight) {
    sight.pending = {"c"};
    sight.failed = {"c"};
  });
  EXPECT_TRUE(ReadinessOf(status, "a").ready);
  EXPECT_EQ(ReadinessOf(status, "c"), (Readiness{false, "revision \"c\" is not applied"}));
}

TEST(Readiness, EndsWithAFailure) {
  const TargetStatus status = Good([](DatabaseSight& sight) {
    sight.pending = {"c"};
    sight.failed = {"c"};
  });
  EXPECT_EQ(ReadinessOf(status),
            (Readiness{false, "revision \"c\" failed, or awaits resolution"}));
}

TEST(Readiness, OfADatabaseThatIsAheadIsAQuestionOfPolicy) {
  TargetStatus status = Good([](DatabaseSight& sight) { sight.ahead = {"z"}; });
  EXPECT_TRUE(ReadinessOf(status).ready);
  status.ready_when_ahead = false;
  EXPECT_EQ(ReadinessOf(status),
            (Readiness{false, "the database is ahead of this folder, which lacks z"}));
}

TEST(Readiness, IsNotThereWithAFolderThatHasErrors) {
  TargetStatus status = Good();
  status.folder_ok = false;
  status.problem = "the migrations have errors";
  EXPECT_EQ(ReadinessOf(status), (Readiness{false, "the migrations have errors"}));
}

}  // namespace
}  // namespace lockstep
