#include "engine/lock_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

LockTarget Table(std::uint32_t oid, const std::string& name, LockMode mode) {
  return {.oid = oid, .name = name, .kind = 'r', .mode = mode, .lockable = true};
}

const LockNeeds kThree = {.targets = {Table(1, "public.a", LockMode::kAccessExclusive),
                                      Table(2, "public.b", LockMode::kShareRowExclusive),
                                      Table(3, "public.c", LockMode::kShareRowExclusive)},
                          .strong = true};

TEST(LockMessage, LocksInOrderAndKeepsTheFirstWhileTheOthersAreAskedForOnlyBriefly) {
  SqlBatch batch;
  const LockStatements locks = AddTableLocks(batch, {.lock_timeout = 50ms}, kThree, {});
  EXPECT_EQ(batch.text(),
            "set local lock_timeout = '50ms';\n"
            "set local statement_timeout = '300ms';\n"
            "lock table only public.a in ACCESS EXCLUSIVE mode;\n"
            "set local lock_timeout = '20ms';\n"
            "lock table only public.b, only public.c in SHARE ROW EXCLUSIVE mode;\n"
            "set local statement_timeout = '2000ms';\n");
  EXPECT_FALSE(locks.Contain(0));
  EXPECT_TRUE(locks.Contain(2));
  EXPECT_TRUE(locks.Contain(4));
  EXPECT_FALSE(locks.Contain(5)) << "the body is no wait for a lock";
}

TEST(LockMessage, WhatLockTableDoesNotTakeIsLeftToTheBodyWithTheSameWait) {
  LockNeeds view{.targets = {Table(1, "public.v", LockMode::kAccessExclusive)}, .strong = true};
  view.targets[0].lockable = false;
  SqlBatch batch;
  AddTableLocks(batch, {.lock_timeout = 50ms}, view, {});
  EXPECT_EQ(batch.text(),
            "set local lock_timeout = '50ms';\nset local statement_timeout = '2000ms';\n");
}

TEST(LockMessage, WeakWorkTakesNoLockAheadAndHasNoHoldLimit) {
  const LockNeeds weak{.targets = {Table(1, "public.a", LockMode::kShareUpdateExclusive)}};
  SqlBatch batch;
  AddTableLocks(batch, {.lock_timeout = 2s}, weak, {});
  EXPECT_EQ(batch.text(),
            "set local lock_timeout = '2000ms';\nset local statement_timeout = '0ms';\n");
}

TEST(LockMessage, TheShorterOfHoldAndStatementTimeoutCounts) {
  TableLockLimits limits;
  limits.statement_timeout = 1s;
  EXPECT_EQ(BodyTimeout(kThree, limits), 1s);
  limits.statement_timeout = 1h;
  EXPECT_EQ(BodyTimeout(kThree, limits), limits.max_hold);
  LockNeeds accepted = kThree;
  accepted.long_hold = true;
  EXPECT_EQ(BodyTimeout(accepted, limits), 1h);
}

TEST(LockMessage, HurriesAVacuumOnlyWhenAsked) {
  SqlBatch calm, hurried;
  AddHurry(calm, {});
  AddHurry(hurried, {.hurry_vacuum = true});
  EXPECT_EQ(calm.text(), "");
  EXPECT_THAT(hurried.text(), HasSubstr("deadlock_timeout = '50ms'"));
}

TEST(LockMessage, WaitsForAVacuumOnAnyOfTheTables) {
  SqlBatch batch;
  AddTableLocks(batch, {.lock_timeout = 250ms, .hurry_vacuum = true}, kThree, {});
  EXPECT_THAT(batch.text(), HasSubstr("set local lock_timeout = '250ms';\n"
                                      "lock table only public.b, only public.c"));
}

TEST(LockMessage, KnowsATableThatWentAwayFromOneThatTheBodyMisses) {
  SqlBatch batch;
  const LockStatements locks = AddTableLocks(batch, {.lock_timeout = 40ms}, kThree, {});
  Reply reply;
  reply.tags.assign(2, "SET");  // the third statement locks the first table
  reply.error = SqlError{.sqlstate = "42P01"};
  EXPECT_TRUE(TableIsGone(locks, reply));
  reply.tags.assign(batch.statements(), "SET");
  EXPECT_FALSE(TableIsGone(locks, reply));
}

TEST(LockMessage, TellsOurOwnLimitsFromTheUsersOwn) {
  const TableLockLimits limits;
  EXPECT_EQ(LimitHitBy(kThree, limits, true, 0s), LimitHit::kAcquireTimeout);
  EXPECT_EQ(LimitHitBy(kThree, limits, false, 2s), LimitHit::kMaxHold);
  EXPECT_EQ(LimitHitBy(kThree, limits, false, 1s), LimitHit::kNone) << "somebody cancelled it";
  TableLockLimits strict;
  strict.statement_timeout = 1s;
  EXPECT_EQ(LimitHitBy(kThree, strict, false, 2s), LimitHit::kNone);
}

}  // namespace
}  // namespace lockstep
