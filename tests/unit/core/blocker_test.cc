#include "core/blocker.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

Blocker Reporting() {
  Blocker blocker;
  blocker.pid = 4711;
  blocker.user = "app";
  blocker.application_name = "reporting";
  blocker.state = "idle in transaction";
  blocker.transaction_age_seconds = 720;
  blocker.mode = "ACCESS SHARE";
  blocker.relation = "public.orders";
  blocker.lock_type = "relation";
  blocker.query = "select 1";
  blocker.kind = BlockerKind::kIdleInTransaction;
  return blocker;
}

TEST(Blocker, IsToldInOneSentence) {
  EXPECT_EQ(ToText(Reporting()),
            "pid 4711, app=reporting, user app, idle in transaction for 12 min, holds ACCESS SHARE "
            "on public.orders; its last statement was: select 1");
  Blocker queued = Reporting();
  queued.state = "active";
  queued.kind = BlockerKind::kDdl;
  queued.queued = true;
  queued.client_address = "10.0.0.7";
  EXPECT_EQ(ToText(queued),
            "pid 4711, app=reporting, user app, client 10.0.0.7, active for 12 min, waits for "
            "ACCESS SHARE on public.orders; it runs: select 1");
}

TEST(Blocker, SaysWhatIsHidden) {
  Blocker hidden;
  hidden.pid = 4711;
  EXPECT_EQ(ToText(hidden), "pid 4711, state hidden from us");
}

TEST(Blocker, NamesAPreparedTransactionByItsGid) {
  Blocker prepared = Reporting();
  prepared.pid = 0;
  prepared.gid = "order-77";
  prepared.application_name = prepared.query = prepared.state = "";
  prepared.kind = BlockerKind::kPrepared;
  EXPECT_EQ(ToText(prepared),
            "prepared transaction 'order-77', user app, prepared for 12 min and neither committed "
            "nor rolled back, holds ACCESS SHARE on public.orders");
}

TEST(Blocker, NamesOtherLocksThanThoseOnTables) {
  Blocker blocker = Reporting();
  blocker.relation = blocker.query = "";
  const auto text_of = [&blocker](const std::string& lock_type) {
    blocker.lock_type = lock_type;
    const std::string text = ToText(blocker);
    return text.substr(text.rfind(", ") + 2);
  };
  EXPECT_EQ(text_of("virtualxid"), "has a transaction that must end first");
  EXPECT_EQ(text_of("transactionid"), "holds a row");
  EXPECT_EQ(text_of("advisory"), "holds an advisory lock");
  EXPECT_EQ(text_of("page"), "holds a page lock");
}

TEST(Blocker, ShowsOtherPeoplesTextSafelyAndShort) {
  Blocker blocker = Reporting();
  blocker.application_name = "\x1b[31m";
  blocker.query = "select\n" + std::string(1000, 'x');
  const std::string text = ToText(blocker);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find('\n'), std::string::npos);
  EXPECT_LT(text.size(), 400u);
}

TEST(Blocker, HasTheNamesOfTheMetricsLabel) {
  EXPECT_EQ(NameOf(BlockerKind::kIdleInTransaction), "idle_in_transaction");
  EXPECT_EQ(NameOf(BlockerKind::kActive), "active");
  EXPECT_EQ(NameOf(BlockerKind::kAutovacuum), "autovacuum");
  EXPECT_EQ(NameOf(BlockerKind::kWraparound), "wraparound");
  EXPECT_EQ(NameOf(BlockerKind::kPrepared), "prepared");
  EXPECT_EQ(NameOf(BlockerKind::kDdl), "ddl");
}
TEST(Blocker, SaysOnWhichStandbyItIs) {
  Blocker blocker = Reporting();
  blocker.standby = "postgresql://standby:5432/shop";
  EXPECT_NE(ToText(blocker).find("on the standby postgresql://standby:5432/shop"),
            std::string::npos);
}

TEST(Blocker, IsReadBackAsItWasStored) {
  Blocker blocker = Reporting();
  blocker.standby = "s";
  blocker.wait_seconds = 1.5;
  blocker.state_seconds = 2.5;
  blocker.queued = true;
  blocker.kind = BlockerKind::kDdl;
  EXPECT_EQ(BlockerFromJson(ToJson(blocker)), blocker);
  EXPECT_EQ(BlockerFromJson(ToJson(Blocker{})), Blocker{});
}

TEST(Blocker, WhatSomebodyElseStoredIsNotTakenForOne) {
  EXPECT_ANY_THROW(BlockerFromJson(json::parse("{}")));
  EXPECT_ANY_THROW(BlockerFromJson(json::parse("[1]")));
  EXPECT_ANY_THROW(BlockerFromJson(json::parse(R"({"pid": "one"})")));
}

}  // namespace
}  // namespace lockstep
