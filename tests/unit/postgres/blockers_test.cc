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

  Reply Send(const std::string&, Keep, std::optional<std::chrono::milliseconds>) override {
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
                         "t",
                         "60"});
  return FindBlockers(session, 1).at(0);
}

// Faults: D15.
TEST(Blockers, TellAnAutovacuumFromOneThatPreventsWraparound) {
  EXPECT_EQ(AutovacuumWithQuery("autovacuum: VACUUM public.orders").kind, BlockerKind::kAutovacuum);
  EXPECT_EQ(AutovacuumWithQuery({}).kind, BlockerKind::kAutovacuum);
  EXPECT_EQ(AutovacuumWithQuery("autovacuum: VACUUM public.orders (to prevent wraparound)").kind,
            BlockerKind::kWraparound);
}
}  // namespace
}  // namespace lockstep
