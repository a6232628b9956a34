#include <gtest/gtest.h>

#include "base/error.h"
#include "postgres/connection_pool.h"
#include "support/test_database.h"

namespace lockstep {
namespace {

constexpr auto kNever = std::chrono::hours(24);

class ConnectionPoolPg : public ::testing::Test {
 protected:
  OpenedSession Borrow() { return pool_.Borrow({}); }
  // Of whatever session is lent next.
  std::string Shown(const std::string& setting) {
    return Borrow().session->Query("select current_setting($1)", {setting}).Text(0, 0);
  }

  TestDatabase database_;
  SystemClock clock_;
  ConnectionPool pool_{database_.factory(), {.size = 1, .check_after = kNever}, clock_};
};

TEST_F(ConnectionPoolPg, ABackendThatIsEndedBetweenTwoBorrowsIsNotFelt) {
  const int pid = Borrow().session->backend_pid();
  // Comes back when the backend is gone.
  ASSERT_EQ(database_.Value("select pg_terminate_backend(" + std::to_string(pid) + ", 60000)"),
            "t");
  const OpenedSession borrowed = Borrow();
  EXPECT_EQ(borrowed.session->Query("select 1").Int(0, 0), 1);
  EXPECT_NE(borrowed.session->backend_pid(), pid);
  EXPECT_EQ(pool_.figures().connections_opened, 2U);
}

TEST_F(ConnectionPoolPg, SettingsOfABorrowerDoNotReachTheNext) {
  const std::string role = database_.CreateRole("visitor", "pw");
  const int pid = Borrow().session->backend_pid();
  RequireSuccess(
      Borrow().session->Send("set statement_timeout = '2s'; set search_path = public;"
                             " set timezone = 'Asia/Tokyo'; set role " +
                             role));
  EXPECT_EQ(Shown("statement_timeout"), "0");
  EXPECT_EQ(Shown("search_path"), "\"\"");
  EXPECT_EQ(Shown("role"), "none");
  EXPECT_NE(Shown("timezone"), "Asia/Tokyo");
  EXPECT_EQ(Borrow().session->backend_pid(), pid);
}

TEST_F(ConnectionPoolPg, ATransactionThatWasLeftOpenIsRolledBack) {
  database_.Sql("create table t (id int)");
  const int pid = Borrow().session->backend_pid();
  RequireSuccess(Borrow().session->Send("begin; insert into public.t values (1)"));
  EXPECT_EQ(database_.Value("select count(*) from pg_locks where relation = 't'::regclass"), "0");
  EXPECT_FALSE(Borrow().session->Send("begin; select 1/0").ok());
  EXPECT_EQ(Borrow().session->Query("select count(*) from public.t").Int(0, 0), 0);
  EXPECT_EQ(Borrow().session->backend_pid(), pid);
}

// Faults: N6.
TEST_F(ConnectionPoolPg, AnAnswerThatDoesNotComeIsNotWaitedFor) {
  const OpenedSession holder = database_.Open();
  holder.session->Query("select pg_advisory_lock(7)");
  ConnectionPool pool(database_.factory(),
                      {.size = 1, .answer_deadline = std::chrono::milliseconds(100)}, clock_);
  for (const bool sent : {true, false}) {
    try {
      const OpenedSession borrowed = pool.Borrow({});
      if (sent) borrowed.session->Send("select pg_advisory_lock(7)");
      if (!sent) borrowed.session->Query("select pg_advisory_lock(7)");
      FAIL() << "the lock was had";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kConnectionLost);
    }
  }
  EXPECT_EQ(pool.figures().connections_opened, 2U);
  EXPECT_EQ(pool.figures().idle, 0);
}

}  // namespace
}  // namespace lockstep
