#include "postgres/blockers.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace lockstep {
namespace {

// Answers every query with one row.
class OneRowSession : public Session {
 public:
  explicit OneRowSession(std::vector<SqlValue> row) { rows_.rows.push_back(std::move(row)); }

  Reply Send(std::string_view, Keep, std::optional<std::chrono::milliseconds>) override {
    throw std::logic_error("not expected");
  }
  Rows Query(std::string_view, const std::vector<SqlValue>&) override { return rows_; }
  std::shared_ptr<Canceller> MakeCanceller() override { return nullptr; }
  int backend_pid() const override { return 0; }
  int server_version() const override { return 150000; }
  void OnNotice(std::function<void(const Notice&)>) override {}

 private:
  Rows rows_;
};

Blocker AutovacuumWithQuery(const SqlValue& query) {
  OneRowSession session({"7",
                         {},
                         {},
                         "",
                         {},
                         "active",
                         "60",
                         {},
                         "SHARE UPDATE EXCLUSIVE",
                         "f",
                         "public.orders",
                         "relation",
                         query,
                         "t"});
  return FindBlockers(session, 1).at(0);
}

TEST(Blockers, TellAnAutovacuumFromOneThatPreventsWraparound) {
  EXPECT_EQ(AutovacuumWithQuery("autovacuum: VACUUM public.orders").kind, BlockerKind::kAutovacuum);
  EXPECT_EQ(AutovacuumWithQuery({}).kind, BlockerKind::kAutovacuum);
  EXPECT_EQ(AutovacuumWithQuery("autovacuum: VACUUM public.orders (to prevent wraparound)").kind,
            BlockerKind::kWraparound);
}

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

TEST(Blockers, AreToldInOneSentence) {
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

TEST(Blockers, SayWhatIsHidden) {
  Blocker hidden;
  hidden.pid = 4711;
  EXPECT_EQ(ToText(hidden), "pid 4711, state hidden from us");
}

TEST(Blockers, NameAPreparedTransactionByItsGid) {
  Blocker prepared = Reporting();
  prepared.pid = 0;
  prepared.gid = "order-77";
  prepared.application_name = prepared.query = prepared.state = "";
  prepared.kind = BlockerKind::kPrepared;
  EXPECT_EQ(ToText(prepared),
            "prepared transaction 'order-77', user app, prepared for 12 min and neither committed "
            "nor rolled back, holds ACCESS SHARE on public.orders");
}

TEST(Blockers, NameOtherLocksThanThoseOnTables) {
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

TEST(Blockers, ShowOtherPeoplesTextSafelyAndShort) {
  Blocker blocker = Reporting();
  blocker.application_name = "\x1b[31m";
  blocker.query = "select\n" + std::string(1000, 'x');
  const std::string text = ToText(blocker);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find('\n'), std::string::npos);
  EXPECT_LT(text.size(), 400u);
}

TEST(Blockers, HaveTheNamesOfTheMetricsLabel) {
  EXPECT_EQ(NameOf(BlockerKind::kIdleInTransaction), "idle_in_transaction");
  EXPECT_EQ(NameOf(BlockerKind::kActive), "active");
  EXPECT_EQ(NameOf(BlockerKind::kAutovacuum), "autovacuum");
  EXPECT_EQ(NameOf(BlockerKind::kWraparound), "wraparound");
  EXPECT_EQ(NameOf(BlockerKind::kPrepared), "prepared");
  EXPECT_EQ(NameOf(BlockerKind::kDdl), "ddl");
}

}  // namespace
}  // namespace lockstep
