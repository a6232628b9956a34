#include <gtest/gtest.h>

#include "base/error.h"
#include "support/fault_session.h"
#include "support/test_database.h"

namespace lockstep {
namespace {

ErrorCode CodeOf(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::kInternal;
}

// Loses the connection at the COMMIT and says how many rows are there after.
std::string RowsAfterCommit(FaultMoment moment) {
  TestDatabase db;
  db.Sql("create table t (id int)");
  const auto plan = std::make_shared<FaultPlan>(FaultPlan{.call = 3, .moment = moment});
  const OpenedSession opened = WithFaults(db.factory(), plan)({});
  opened.session->Send("begin");
  opened.session->Query("insert into public.t values (1)");
  EXPECT_EQ(CodeOf([&] { Commit(*opened.session); }), ErrorCode::kInDoubt);
  EXPECT_TRUE(plan->happened());
  return db.Value("select count(*) from t");
}

TEST(FaultSessionTest, ALossBeforeTheEffectUndoes) {
  EXPECT_EQ(RowsAfterCommit(FaultMoment::kBeforeEffect), "0");
}

TEST(FaultSessionTest, ALossAfterTheEffectKeeps) {
  EXPECT_EQ(RowsAfterCommit(FaultMoment::kAfterEffect), "1");
}

TEST(FaultSessionTest, ALostSessionStaysLostAndTheNextOneWorks) {
  const TestDatabase db;
  const auto plan = std::make_shared<FaultPlan>(FaultPlan{.call = 1});
  const SessionFactory open = WithFaults(db.factory(), plan);
  const OpenedSession lost = open({});
  EXPECT_EQ(CodeOf([&] { lost.session->Query("select 1"); }), ErrorCode::kConnectionLost);
  EXPECT_EQ(CodeOf([&] { lost.session->Send("select 1"); }), ErrorCode::kConnectionLost);
  lost.session->MakeCanceller()->Cancel();
  EXPECT_GT(lost.session->backend_pid(), 0);
  EXPECT_EQ(open({}).session->Query("select 1").Text(0, 0), "1");
}

TEST(FaultSessionTest, WithoutAFaultItOnlyCounts) {
  const TestDatabase db;
  const auto plan = std::make_shared<FaultPlan>();
  const OpenedSession opened = WithFaults(db.factory(), plan)({});
  opened.session->Send("select 1");
  opened.session->Query("select 1");
  EXPECT_EQ(plan->calls, 2);
  EXPECT_FALSE(plan->happened());
}

}  // namespace
}  // namespace lockstep
