#include "postgres/connection_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"

namespace lockstep {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class MovedClock : public Clock {
 public:
  SteadyTime Now() const override { return SteadyTime(Duration(now_.load())); }
  WallTime WallNow() const override { return {}; }
  bool SleepUntil(SteadyTime, std::stop_token) override { return false; }
  void Pass(Duration duration) { now_ += duration.count(); }

 private:
  std::atomic<Duration::rep> now_{0};
};

// What became of one fake connection; outlives it.
struct Line {
  std::vector<std::string> sent;
  std::vector<std::chrono::milliseconds> deadlines;  // of each `sent`; 0: none
  std::atomic<bool> in_use{false};
  bool dead = false;      // the next use throws
  bool farewell = false;  // the server has said something
  bool refuses = false;   // answers with an error
  bool closed = false;
  int cancelled = 0;
  std::function<void(const Notice&)> on_notice;
};

class FakeCanceller : public Canceller {
 public:
  explicit FakeCanceller(Line& line) : line_(line) {}
  void Cancel() noexcept override { ++line_.cancelled; }

 private:
  Line& line_;
};

// Thread: the borrower's; notices when two use it at once.
class FakeSession : public Session {
 public:
  FakeSession(Line& line, std::atomic<int>& clashes) : line_(line), clashes_(clashes) {}
  ~FakeSession() override { line_.closed = true; }

  Reply Send(const std::string& sql, Keep,
             std::optional<std::chrono::milliseconds> deadline) override {
    line_.sent.emplace_back(sql);
    line_.deadlines.push_back(deadline.value_or(std::chrono::milliseconds(0)));
    Use();
    Reply reply;
    if (line_.refuses) reply.error = SqlError{.sqlstate = "57014"};
    return reply;
  }
  Rows Query(std::string_view, const std::vector<SqlValue>&) override {
    Use();
    return {};
  }
  std::shared_ptr<Canceller> MakeCanceller() override {
    return std::make_shared<FakeCanceller>(line_);
  }
  int backend_pid() const override { return 0; }
  int server_version() const override { return 150000; }
  void OnNotice(std::function<void(const Notice&)> handler) override {
    line_.on_notice = std::move(handler);
  }
  bool HasUnreadWords() const override { return line_.farewell; }

 private:
  void Use() {
    if (line_.in_use.exchange(true)) ++clashes_;
    std::this_thread::yield();
    line_.in_use = false;
    if (line_.dead) throw Error(ErrorCode::kConnectionLost, "gone");
  }

  Line& line_;
  std::atomic<int>& clashes_;
};

// A pool, and every connection that it ever opened.
class PoolUnderTest {
 public:
  explicit PoolUnderTest(PoolLimits limits) : pool(Factory(), limits, clock, Listener()) {}

  OpenedSession Borrow() { return pool.Borrow({.purpose = "status"}); }
  Line& line(std::size_t index) { return *lines.at(index); }
  std::size_t opened() const { return lines.size(); }

  MovedClock clock;
  std::mutex mutex;
  std::vector<std::unique_ptr<Line>> lines;  // guarded by mutex
  std::vector<double> waits;                 // guarded by mutex
  SessionOptions last_options;
  bool refuses_to_open = false;
  std::atomic<int> clashes{0};
  ConnectionPool pool;

 private:
  SessionFactory Factory() {
    return [this](const SessionOptions& options) {
      const std::lock_guard guard(mutex);
      last_options = options;
      if (refuses_to_open) throw Error(ErrorCode::kUnreachable, "no route");
      Line& line = *lines.emplace_back(std::make_unique<Line>());
      OpenedSession opened{std::make_unique<FakeSession>(line, clashes), {}};
      opened.facts.database = "shop";
      return opened;
    };
  }
  std::function<void(double)> Listener() {
    return [this](double waited) {
      const std::lock_guard guard(mutex);
      waits.push_back(waited);
    };
  }
};

constexpr PoolLimits kOne{.size = 1, .wait = minutes(10)};
constexpr PoolLimits kTwo{.size = 2, .wait = minutes(10)};
constexpr PoolLimits kImpatient{.size = 1, .wait = Duration(0)};

void WaitUntilPending(const ConnectionPool& pool, int requests) {
  while (pool.figures().pending_requests != requests) std::this_thread::yield();
}

// "2 idle, 1 busy".
std::string Standing(const ConnectionPool& pool) {
  const PoolFigures figures = pool.figures();
  return std::to_string(figures.idle) + " idle, " + std::to_string(figures.busy) + " busy";
}

TEST(ConnectionPool, ASessionThatCameBackIsLentAgain) {
  PoolUnderTest test(kTwo);
  EXPECT_EQ(Standing(test.pool), "0 idle, 0 busy");
  for (int i = 0; i < 3; ++i) {
    const OpenedSession borrowed = test.Borrow();
    EXPECT_EQ(borrowed.facts.database, "shop");
    EXPECT_EQ(Standing(test.pool), "0 idle, 1 busy");
  }
  EXPECT_EQ(test.opened(), 1U);
  EXPECT_EQ(Standing(test.pool), "1 idle, 0 busy");
  EXPECT_EQ(test.pool.figures().connections_opened, 1U);
  EXPECT_EQ(test.pool.figures().most, 2);
  EXPECT_EQ(test.waits, (std::vector<double>{0, 0, 0}));
}

TEST(ConnectionPool, AllSessionsHaveOnePurposeAndADeadline) {
  PoolUnderTest test({.size = 1, .answer_deadline = std::chrono::milliseconds(1234)});
  const OpenedSession borrowed = test.Borrow();
  EXPECT_EQ(test.last_options.purpose, "reads");
  EXPECT_EQ(test.last_options.answer_deadline, std::chrono::milliseconds(1234));
  borrowed.session->Send("select 1");
  borrowed.session->Send("select 1", Keep::kNothing, std::chrono::milliseconds(7));
  EXPECT_EQ(test.line(0).deadlines.at(0), std::chrono::milliseconds(1234));
  EXPECT_EQ(test.line(0).deadlines.at(1), std::chrono::milliseconds(7));
}

TEST(ConnectionPool, WhoFindsNoneFreeInTimeIsToldThatItIsBusy) {
  PoolUnderTest test(kImpatient);
  const OpenedSession borrowed = test.Borrow();
  try {
    test.Borrow();
    FAIL() << "lent twice";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBusy);
  }
  EXPECT_EQ(test.pool.figures().timeouts, 1U);
  EXPECT_EQ(test.pool.figures().pending_requests, 0);
  EXPECT_EQ(test.waits.size(), 2U);
  EXPECT_EQ(test.opened(), 1U);
}

TEST(ConnectionPool, AWaitingRequestIsServedByTheSessionThatComesBack) {
  PoolUnderTest test(kOne);
  std::optional<OpenedSession> first = test.Borrow();
  auto second = std::async(std::launch::async, [&] { return test.Borrow(); });
  WaitUntilPending(test.pool, 1);
  test.clock.Pass(seconds(3));
  first.reset();
  const OpenedSession served = second.get();
  EXPECT_EQ(test.opened(), 1U);
  EXPECT_EQ(Standing(test.pool), "0 idle, 1 busy");
  EXPECT_EQ(test.waits, (std::vector<double>{0, 3}));
}

TEST(ConnectionPool, ALostSessionMakesRoomForTheOneWhoWaits) {
  PoolUnderTest test(kOne);
  std::optional<OpenedSession> first = test.Borrow();
  auto second = std::async(std::launch::async, [&] { return test.Borrow(); });
  WaitUntilPending(test.pool, 1);
  test.line(0).dead = true;
  EXPECT_THROW(first->session->Query("select 1"), Error);
  first.reset();
  const OpenedSession served = second.get();
  EXPECT_TRUE(test.line(0).closed);
  EXPECT_EQ(test.opened(), 2U);
}

TEST(ConnectionPool, WhoAskedFirstIsServedFirst) {
  PoolUnderTest test(kOne);
  std::optional<OpenedSession> first = test.Borrow();
  std::mutex mutex;
  std::string order;
  const auto borrow = [&](char name) {
    const OpenedSession borrowed = test.Borrow();
    const std::lock_guard guard(mutex);
    order += name;
  };
  std::vector<std::jthread> waiting;
  for (const char name : {'a', 'b', 'c', 'd'}) {
    waiting.emplace_back(borrow, name);
    WaitUntilPending(test.pool, static_cast<int>(waiting.size()));
  }
  first.reset();
  waiting.clear();
  EXPECT_EQ(order, "abcd");
}

TEST(ConnectionPool, NobodyWaitsForAnOpeningButWhoeverAskedForIt) {
  MovedClock clock;
  std::promise<void> opening, may_open;
  Line slow, quick;
  std::atomic<int> clashes{0}, opened{0};
  ConnectionPool pool(
      [&](const SessionOptions&) {
        const bool first = opened++ == 0;
        if (first) {
          opening.set_value();
          may_open.get_future().wait();
        }
        return OpenedSession{std::make_unique<FakeSession>(first ? slow : quick, clashes), {}};
      },
      kTwo, clock);
  auto slowly = std::async(std::launch::async, [&] { return pool.Borrow({}); });
  opening.get_future().wait();
  { const OpenedSession borrowed = pool.Borrow({}); }
  EXPECT_EQ(Standing(pool), "1 idle, 1 busy");
  may_open.set_value();
  slowly.get();
  EXPECT_EQ(Standing(pool), "2 idle, 0 busy");
}

TEST(ConnectionPool, AFailedOpeningTakesNoPlace) {
  PoolUnderTest test(kImpatient);
  test.refuses_to_open = true;
  EXPECT_THROW(test.Borrow(), Error);
  EXPECT_EQ(Standing(test.pool), "0 idle, 0 busy");
  EXPECT_EQ(test.pool.figures().connections_failed, 1U);
  test.refuses_to_open = false;
  const OpenedSession borrowed = test.Borrow();
  EXPECT_EQ(Standing(test.pool), "0 idle, 1 busy");
}

TEST(ConnectionPool, ALostSessionIsNotLentAgain) {
  PoolUnderTest test(kTwo);
  {
    const OpenedSession borrowed = test.Borrow();
    test.line(0).dead = true;
    EXPECT_THROW(borrowed.session->Send("select 1"), Error);
  }
  EXPECT_TRUE(test.line(0).closed);
  EXPECT_EQ(Standing(test.pool), "0 idle, 0 busy");
  EXPECT_EQ(test.line(0).sent.size(), 1U);  // nothing was put back through it
}

TEST(ConnectionPool, WhatWasOnlyAskedNeedsNoPuttingBack) {
  PoolUnderTest test(kOne);
  test.Borrow().session->Query("select 1");
  test.Borrow().session->Query("with a as (select 1) select * from a");
  EXPECT_TRUE(test.line(0).sent.empty());
}

// Once, every look at an idle database put 17 settings back, since its longer questions begin below
// the line on which their text does.
TEST(ConnectionPool, AQuestionMayBeginOnALineOfItsOwn) {
  PoolUnderTest test(kOne);
  test.Borrow().session->Query("\nselect 1");
  test.Borrow().session->Query("\n  with a as (select 1) select * from a");
  EXPECT_TRUE(test.line(0).sent.empty());
  test.Borrow().session->Query("\nset statement_timeout = 1");
  test.Borrow().session->Query("  ");
  EXPECT_EQ(test.line(0).sent.size(), 2U);
}

TEST(ConnectionPool, AQuestionThatSetsSomethingIsPutBack) {
  PoolUnderTest test(kOne);
  test.Borrow().session->Query("select pg_catalog.set_config('role', 'app', false)");
  EXPECT_EQ(test.line(0).sent.size(), 1U);
}

TEST(ConnectionPool, SettingsTransactionAndRoleArePutBackAfterAnythingElse) {
  PoolUnderTest test(kOne);
  test.Borrow().session->Send("set statement_timeout = '2s'");
  ASSERT_EQ(test.line(0).sent.size(), 2U);
  const std::string put_back = test.line(0).sent.at(1);
  EXPECT_TRUE(put_back.starts_with("rollback;\nreset role;\nreset all;\n")) << put_back;
  EXPECT_NE(put_back.find("set search_path = ''"), std::string::npos);
  EXPECT_GT(test.line(0).deadlines.at(1).count(), 0);
  test.Borrow().session->Query("begin");
  EXPECT_EQ(test.line(0).sent.size(), 3U);
  EXPECT_EQ(test.opened(), 1U);
}

TEST(ConnectionPool, ASessionWhoseSettingsCannotBePutBackIsDropped) {
  PoolUnderTest test(kOne);
  {
    const OpenedSession borrowed = test.Borrow();
    borrowed.session->Send("set statement_timeout = 1");
    test.line(0).refuses = true;
  }
  EXPECT_TRUE(test.line(0).closed);
  EXPECT_EQ(Standing(test.pool), "0 idle, 0 busy");
}

TEST(ConnectionPool, TheNextBorrowerHearsNoNoticesForTheLastOne) {
  PoolUnderTest test(kOne);
  {
    const OpenedSession borrowed = test.Borrow();
    borrowed.session->OnNotice([](const Notice&) {});
    EXPECT_TRUE(test.line(0).on_notice);
  }
  EXPECT_FALSE(test.line(0).on_notice);
}

TEST(ConnectionPool, ACancellerEndsWithTheLoan) {
  PoolUnderTest test(kOne);
  std::shared_ptr<Canceller> canceller;
  {
    const OpenedSession borrowed = test.Borrow();
    canceller = borrowed.session->MakeCanceller();
    canceller->Cancel();
    EXPECT_EQ(test.line(0).cancelled, 1);
  }
  canceller->Cancel();
  EXPECT_EQ(test.line(0).cancelled, 1);
}

TEST(ConnectionPool, ARestedSessionIsAskedWhetherItLives) {
  PoolUnderTest test({.size = 1, .check_after = seconds(30)});
  test.Borrow();
  test.clock.Pass(seconds(29));
  test.Borrow();
  EXPECT_TRUE(test.line(0).sent.empty());
  test.clock.Pass(seconds(30));
  test.Borrow();
  ASSERT_EQ(test.line(0).sent, std::vector<std::string>{"select 1"});
  EXPECT_EQ(test.line(0).deadlines.at(0), seconds(2));
  EXPECT_EQ(test.opened(), 1U);
}

TEST(ConnectionPool, ADeadSessionIsReplacedWithoutAnErrorForTheBorrower) {
  PoolUnderTest test({.size = 1, .check_after = seconds(30)});
  test.Borrow();
  test.line(0).dead = true;
  test.clock.Pass(seconds(30));
  const OpenedSession borrowed = test.Borrow();
  borrowed.session->Query("select 1");
  EXPECT_TRUE(test.line(0).closed);
  EXPECT_EQ(test.opened(), 2U);
  EXPECT_EQ(Standing(test.pool), "0 idle, 1 busy");
}

// A server that is shut down says so to idle sessions: the first to borrow afterwards met a dead
// one, however short its rest had been.
TEST(ConnectionPool, ASessionToWhichTheServerSaidFarewellIsReplacedAtOnce) {
  PoolUnderTest test(kOne);
  test.Borrow();
  test.line(0).dead = true;
  test.line(0).farewell = true;
  test.Borrow().session->Query("select 1");
  EXPECT_EQ(test.opened(), 2U);
}

TEST(ConnectionPool, WhatTheServerSaidMayBeHarmless) {
  PoolUnderTest test(kOne);
  test.Borrow();
  test.line(0).farewell = true;
  test.Borrow();
  EXPECT_EQ(test.opened(), 1U);
}

TEST(ConnectionPool, WhatIsIdleForTooLongIsClosedButForTheLast) {
  PoolUnderTest test({.size = 3, .close_after = minutes(2)});
  { const OpenedSession a = test.Borrow(), b = test.Borrow(), c = test.Borrow(); }
  EXPECT_EQ(Standing(test.pool), "3 idle, 0 busy");
  test.clock.Pass(minutes(1));
  test.Borrow();  // the same one each time: the others stay idle
  test.clock.Pass(seconds(59));
  test.pool.Tidy();
  EXPECT_EQ(Standing(test.pool), "3 idle, 0 busy");
  test.clock.Pass(seconds(1));
  test.pool.Tidy();
  EXPECT_EQ(Standing(test.pool), "1 idle, 0 busy");
  test.clock.Pass(minutes(60));
  test.pool.Tidy();
  EXPECT_EQ(Standing(test.pool), "1 idle, 0 busy");
}

TEST(ConnectionPool, NothingOpenedBeforeCloseIdleIsLentAfterIt) {
  PoolUnderTest test(kTwo);
  {
    const OpenedSession lent = test.Borrow();
    test.Borrow();
    test.pool.CloseIdle();
    EXPECT_TRUE(test.line(1).closed);
    EXPECT_FALSE(test.line(0).closed);
  }
  EXPECT_TRUE(test.line(0).closed);
  EXPECT_EQ(Standing(test.pool), "0 idle, 0 busy");
  test.Borrow();
  EXPECT_EQ(test.opened(), 3U);
}

TEST(ConnectionPool, NoSessionIsLentToTwoAtOnce) {
  PoolUnderTest test({.size = 3, .wait = minutes(10)});
  std::atomic<int> most{0}, busy{0};
  const auto borrow_often = [&] {
    for (int i = 0; i < 1000; ++i) {
      const OpenedSession borrowed = test.Borrow();
      const int now = ++busy;
      for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
      }
      borrowed.session->Query("select 1");
      const PoolFigures figures = test.pool.figures();
      if (figures.busy + figures.idle > figures.most) ++test.clashes;
      --busy;
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) threads.emplace_back(borrow_often);
  }
  EXPECT_EQ(test.clashes, 0);
  EXPECT_LE(most, 3);
  EXPECT_LE(test.opened(), 3U);
  EXPECT_EQ(test.pool.figures().busy, 0);
  EXPECT_EQ(test.pool.figures().pending_requests, 0);
  EXPECT_EQ(test.waits.size(), 8000U);
}

}  // namespace
}  // namespace lockstep
