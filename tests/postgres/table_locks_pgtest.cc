// How a run takes its table locks, beside sessions that use the tables.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "support/migrations_under_test.h"

namespace lockstep {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr Duration kNever = std::chrono::hours(1);
constexpr Duration kAtOnce = std::chrono::nanoseconds(1);

class TableLocksTest : public ::testing::Test {
 protected:
  TableLocksTest() {
    test_.database.Sql(
        "create table t (id int primary key); create table u (id int);"
        "insert into t values (1); insert into u values (1);");
    test_.Add("0001_a", "alter table t add column b int;");
    limits().young_holder = kAtOnce;  // every transaction is an old one
    limits().look_interval = 5ms;
    limits().retry_pause = 1ms;
  }

  TableLockLimits& limits() { return test_.settings.table_locks; }

  // A session in a transaction that has done `sql`.
  std::unique_ptr<Session> InTransaction(const std::string& sql, const std::string& name = "app") {
    auto session = test_.database.Open().session;
    const Reply reply = session->Send("set application_name = '" + name +
                                      "'; set search_path = public; begin; " + sql);
    EXPECT_TRUE(reply.ok()) << reply.error->message;
    return session;
  }

  // Starts `sql` and returns once it waits for a lock.
  std::future<Reply> StartWaiting(Session& session, const std::string& sql) {
    auto reply = std::async(std::launch::async, [&session, sql] { return session.Send(sql); });
    WaitUntil("select exists (select from pg_locks where not granted and pid = " +
              std::to_string(session.backend_pid()) + ")");
    return reply;
  }

  void WaitUntil(const std::string& question) {
    const auto look = test_.database.Open().session;
    while (!look->Query(question).Bool(0, 0)) {
    }
  }

  // Sessions of the run; none may stay.
  std::string OurSessions() {
    return test_.database.Value(
        "select count(*) from pg_stat_activity where datname = current_database()"
        " and (application_name like 'lockstep/upgrade%' or application_name = 'lockstep/watch')");
  }

  bool HasColumn() {
    return test_.database.Value(
               "select exists (select from pg_attribute where attname = 'b'"
               " and attrelid = 'public.t'::regclass)") == "t";
  }

  MigrationsUnderTest test_;
};

TEST_F(TableLocksTest, ARunNeverQueuesBehindAnOldTransaction) {
  const auto reader = InTransaction("select * from t");
  int looks = 0;
  std::string requests;
  test_.observer.on_blocked = [&] {
    requests += test_.database.Value(
        "select count(*) from pg_locks where relation = 'public.t'::regclass and pid <> " +
        std::to_string(reader->backend_pid()));
    if (++looks == 3) reader->Send("rollback");
  };
  const RunReport report = test_.Upgrade();
  EXPECT_EQ(report.state, RunState::kDone);
  EXPECT_EQ(requests, "000");
  EXPECT_EQ(report.steps[0].attempts, 1);
  EXPECT_GT(report.steps[0].lock_wait_seconds, 0);
  ASSERT_EQ(test_.observer.blockers.size(), 1U);
  EXPECT_EQ(test_.observer.blockers[0].pid, reader->backend_pid());
  EXPECT_EQ(OurSessions(), "0");
}

TEST_F(TableLocksTest, ARunDoesNotStackUpBehindSomebodyElsesRequest) {
  limits().young_holder = kNever;
  const auto reader = InTransaction("select * from t");
  const auto other = test_.database.Open().session;
  auto waits = StartWaiting(*other, "alter table public.t add column z int");
  test_.observer.on_blocked = [&] {
    EXPECT_TRUE(std::ranges::any_of(test_.observer.blockers, &Blocker::queued));
    reader->Send("rollback");
    EXPECT_TRUE(waits.get().ok());
    test_.observer.on_blocked = {};
  };
  EXPECT_EQ(test_.Upgrade().state, RunState::kDone);
  EXPECT_THAT(test_.observer.events, Contains("blocked 0001"));
  EXPECT_THAT(test_.observer.events, Not(Contains("retry 0001 55P03")));
}

// Faults: D14.
TEST_F(TableLocksTest, APreparedTransactionIsNamedAndWaitedFor) {
  if (test_.database.Value("show max_prepared_transactions") == "0") GTEST_SKIP();
  limits().young_holder = kNever;
  const std::string gid = test_.database.name();
  InTransaction("select * from t")->Send("prepare transaction '" + gid + "'");
  test_.observer.on_blocked = [&] {
    EXPECT_EQ(test_.observer.blockers[0].gid, gid);
    test_.database.Open().session->Send("rollback prepared '" + gid + "'");
  };
  EXPECT_EQ(test_.Upgrade().state, RunState::kDone);
  EXPECT_THAT(test_.observer.events, Contains("blocked 0001"));
}

TEST_F(TableLocksTest, ATableThatIsNeverFreeDefersTheMigrationAndTellsWhy) {
  limits().lock_deadline = 100ms;
  const auto reader = InTransaction("select 'secret' from t");
  const RunReport report = test_.Upgrade();
  ASSERT_EQ(report.state, RunState::kDeferred);
  const auto& deferred = std::get<Deferred>(report.steps[0].result);
  ASSERT_EQ(deferred.blockers.size(), 1U);
  EXPECT_EQ(deferred.blockers[0].application_name, "app");
  const std::string stored = test_.database.Value(
      "select blockers -> 0 from lockstep.attempts where outcome = 'deferred'");
  const Blocker blocker = BlockerFromJson(json::parse(stored));
  EXPECT_EQ(blocker.pid, reader->backend_pid());
  EXPECT_EQ(blocker.relation, "public.t");
  EXPECT_EQ(blocker.mode, "ACCESS SHARE");
  EXPECT_EQ(blocker.kind, BlockerKind::kIdleInTransaction);
  EXPECT_THAT(blocker.query, HasSubstr("select ? from t"));
  EXPECT_FALSE(HasColumn());
  EXPECT_EQ(OurSessions(), "0");
}

// Faults: D13.
TEST_F(TableLocksTest, EachLostAttemptIsRecordedWithWhoWasInTheWay) {
  limits().young_holder = kNever;  // the reader is young enough to queue behind it
  const auto reader = InTransaction("select * from t");
  test_.observer.on_retry = [&] { reader->Send("rollback"); };
  EXPECT_EQ(test_.Upgrade().state, RunState::kDone);
  EXPECT_EQ(test_.database.Value("select string_agg(outcome || ' ' || sqlstate, ',')"
                                 " from lockstep.attempts"),
            "lost 55P03");
  EXPECT_EQ(test_.database.Value("select blockers -> 0 ->> 'pid' from lockstep.attempts"),
            std::to_string(reader->backend_pid()));
  EXPECT_EQ(test_.ReadHistory().FailureOf("0001"), nullptr) << "a lost attempt is no failure";
}

TEST_F(TableLocksTest, AllTablesAreLockedBeforeTheBodyBegins) {
  test_.database.Sql("create table seen (held bigint)");
  test_.Add("0002_b",
            "insert into seen select count(*) from pg_locks where pid = pg_backend_pid()"
            " and granted and mode = 'AccessExclusiveLock'"
            " and relation in ('t'::regclass, 'u'::regclass);"
            "alter table u add column b int; alter table t add column c int;");
  EXPECT_EQ(test_.Upgrade().state, RunState::kDone);
  EXPECT_EQ(test_.database.Value("select held from seen"), "2");
}

TEST_F(TableLocksTest, TheFirstTableIsNotHeldWhileTheSecondIsBusy) {
  limits().young_holder = kNever;
  limits().next_lock_timeout = 1ms;
  test_.Add("0002_b", "alter table t add column c int; alter table u add column c int;");
  test_.Upgrade("0001");
  const auto writer = InTransaction("insert into u values (2)");
  std::string held;
  test_.observer.on_retry = [&] {
    held =
        test_.database.Value("select count(*) from pg_locks where relation = 'public.t'::regclass");
    writer->Send("rollback");
  };
  EXPECT_EQ(test_.Upgrade().state, RunState::kDone);
  EXPECT_EQ(held, "0");
}

TEST_F(TableLocksTest, ATableThatIsReplacedWhileTheRunWaitsIsLockedAsItIsThen) {
  limits().young_holder = kNever;
  test_.database.Sql(
      "create table p (id int) partition by range (id);"
      "create table p1 partition of p for values from (0) to (9)");
  test_.Add("0002_b", "alter table p add column c int;");
  test_.Upgrade("0001");
  const auto reader = InTransaction("select * from p1");
  test_.observer.on_retry = [&] {
    reader->Send("rollback");
    test_.database.Sql("drop table p1; create table p2 partition of p for values from (0) to (9)");
  };
  EXPECT_EQ(test_.Upgrade().state, RunState::kDone);
  EXPECT_THAT(test_.observer.events, Contains("retry 0002 55P03"));
}

// Somebody who may create functions in a schema of the path must not have them called by a look.
TEST_F(TableLocksTest, ALookCallsNobodysFunctionsButTheServersOwn) {
  test_.database.Sql(
      "create function public.quote_ident(name) returns text language plpgsql as"
      " $$begin raise exception 'called'; end$$;"
      "create function public.cat(name, text) returns text language plpgsql as"
      " $$begin raise exception 'called'; end$$;"
      "create operator public.|| (leftarg = name, rightarg = text, function = public.cat);");
  test_.Add("0002_b", "alter table t alter column b type bigint; alter table u drop column id;");
  EXPECT_EQ(test_.Upgrade().state, RunState::kDone);
}

// ---- The circuit breaker ---------------------------------------------------------------------

struct Flood {
  bool broken = false;  // the run gave way while the victims waited
  RunState state = RunState::kNothingToDo;
};

class FloodTest : public TableLocksTest {
 protected:
  // A migration holds `t` for as long as an advisory lock is not free, and `kVictims` sessions come
  // to wait for `t`. The watcher then gets a few looks to break it.
  Flood Run() {
    test_.Add("0002_hold", "alter table t add column c int; select pg_advisory_xact_lock(1);");
    test_.Upgrade("0001");
    limits().max_victim_wait = limits().max_hold = limits().next_lock_timeout = kNever;
    const auto gate = InTransaction("select pg_advisory_xact_lock(1)");
    Flood flood;
    std::atomic<bool> flooded = false;
    std::atomic<int> looks_left = 8;
    std::promise<void> over;
    std::once_flag once;
    test_.observer.on_retry = [&] {
      flood.broken = true;
      std::call_once(once, [&] { over.set_value(); });
    };
    test_.observer.on_progress = [&] {
      if (flooded && --looks_left == 0) std::call_once(once, [&] { over.set_value(); });
    };
    auto run = std::async(std::launch::async, [&] { return test_.Upgrade().state; });
    WaitUntil(SomebodyWaitsSql("locktype = 'advisory'"));
    std::vector<std::unique_ptr<Session>> sessions;
    std::vector<std::future<Reply>> victims;
    for (int i = 0; i < kVictims; ++i) {
      sessions.push_back(test_.database.Open().session);
      victims.push_back(std::async(std::launch::async, [&session = *sessions.back()] {
        return session.Send("select * from public.t");
      }));
    }
    flooded = true;
    over.get_future().wait();
    gate->Send("rollback");
    for (auto& victim : victims) EXPECT_TRUE(victim.get().ok());
    flood.state = run.get();
    return flood;
  }

  static constexpr int kVictims = 5;
};

TEST_F(FloodTest, MakesTheRunGiveWay) {
  limits().max_victims = kVictims;
  const Flood flood = Run();
  EXPECT_TRUE(flood.broken);
  EXPECT_EQ(flood.state, RunState::kDone) << "it came again when the flood was over";
  EXPECT_EQ(test_.database.Value("select message from lockstep.attempts where outcome = 'lost'"
                                 " order by sequence limit 1"),
            "given up, because 5 sessions waited for it");
}

// The mutant: with a breaker that never breaks, the test above would be red.
TEST_F(FloodTest, IsNotNoticedWithoutTheBreaker) {
  limits().max_victims = 1'000'000;
  const Flood flood = Run();
  EXPECT_FALSE(flood.broken);
}

TEST_F(TableLocksTest, WorkThatIsTooLongForItsLocksIsDeferredWithAWord) {
  test_.Add("0002_b", "alter table t add column c int; select pg_sleep(3600);");
  limits().max_hold = 50ms;
  const RunReport report = test_.Upgrade();
  ASSERT_EQ(report.state, RunState::kDeferred);
  EXPECT_EQ(report.steps[1].attempts, 3);
  const SqlError& error = std::get<Deferred>(report.steps[1].result).failure.error;
  EXPECT_EQ(error.message,
            "given up, because it held its table locks for longer than max_hold allows");
  EXPECT_THAT(error.hint, HasSubstr("-- max_hold: 10s"));
}

// Faults: D10.
TEST_F(TableLocksTest, ADeadlockWithTheApplicationEndsWell) {
  limits().young_holder = kNever;
  limits().ladder = {kNever};
  limits().next_lock_timeout = limits().acquire_timeout = kNever;
  limits().max_victim_wait = kNever;
  test_.Add("0002_b", "alter table t add column c int; alter table u add column c int;");
  test_.Upgrade("0001");
  const auto app = InTransaction("insert into u values (2)");
  auto run = std::async(std::launch::async, [&] { return test_.Upgrade().state; });
  WaitUntil(SomebodyWaitsSql("relation = 'public.u'::regclass"));
  app->Send("select * from public.t");
  app->Send("rollback");
  EXPECT_EQ(run.get(), RunState::kDone);
  EXPECT_EQ(OurSessions(), "0");
}

// ---- Without eyes ----------------------------------------------------------------------------

// Faults: D16.
TEST_F(TableLocksTest, ALookoutThatIsKilledIsReplaced) {
  const auto reader = InTransaction("select * from t");
  int looks = 0;
  test_.observer.on_blocked = [&] {
    test_.database.Value(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where application_name = 'lockstep/watch'"
        " and datname = current_database()");
    if (++looks == 2) reader->Send("rollback");
  };
  // Blind for a moment, it may knock while the reader is there.
  test_.observer.on_retry = [&] { reader->Send("rollback"); };
  EXPECT_EQ(test_.Upgrade().state, RunState::kDone);
  EXPECT_EQ(OurSessions(), "0");
}

TEST_F(TableLocksTest, ARoleThatDoesNotSeeOthersUsesShortTimeoutsAlone) {
  const std::string role = test_.database.CreateRole("blind", "secret");
  test_.database.Sql("alter table t owner to " + role + "; grant create on database " +
                     test_.database.name() + " to " + role + "; grant create on schema public to " +
                     role);
  const ConnectionUrl url = test_.database.UrlAs(role, "secret");
  test_.open = [url](const SessionOptions& options) { return OpenSession(url, options); };
  test_.Add("0002_b", "alter table t add column c int;");
  const auto reader = InTransaction("select * from t");
  test_.observer.on_retry = [&] { reader->Send("rollback"); };
  EXPECT_EQ(test_.Upgrade().state, RunState::kDone);
  EXPECT_THAT(test_.observer.events, Contains("retry 0001 55P03"));
  EXPECT_THAT(test_.observer.events, Not(Contains("blocked 0001")));
  EXPECT_EQ(std::ranges::count_if(test_.observer.events,
                                  [](const std::string& event) {
                                    return event.find("pg_monitor") != std::string::npos;
                                  }),
            1)
      << "said once for both migrations";
}

// ---- Ending blockers -------------------------------------------------------------------------

class EndingTest : public TableLocksTest {
 protected:
  EndingTest() {
    test_.settings.ending = {
        .on = true, .idle_longer_than = kAtOnce, .applications = {"forgotten"}};
  }
  static bool IsAlive(Session& session) {
    try {
      return session.Send("select 1").ok();
    } catch (const Error&) {
      return false;
    }
  }
};

TEST_F(EndingTest, MeetsOnlyTheSessionThatTheRuleNamesAndThatBlocks) {
  const auto forgotten = InTransaction("select * from t", "forgotten");
  const auto elsewhere = InTransaction("select * from u", "forgotten");
  const auto important = InTransaction("select * from u", "important");
  EXPECT_EQ(test_.Upgrade().state, RunState::kDone);
  EXPECT_FALSE(IsAlive(*forgotten));
  EXPECT_TRUE(IsAlive(*elsewhere)) << "it is on the list and blocks nobody";
  EXPECT_TRUE(IsAlive(*important));
  EXPECT_THAT(test_.observer.events,
              Contains(HasSubstr("terminated: pid " + std::to_string(forgotten->backend_pid()))));
}

TEST_F(EndingTest, EndsNobodyWhenThatWouldNotMakeRoom) {
  limits().lock_deadline = 100ms;
  const auto forgotten = InTransaction("select * from t", "forgotten");
  const auto important = InTransaction("select * from t", "important");
  EXPECT_EQ(test_.Upgrade().state, RunState::kDeferred);
  EXPECT_TRUE(IsAlive(*forgotten));
  EXPECT_TRUE(IsAlive(*important));
}

TEST_F(EndingTest, IsOffUnlessItIsAskedFor) {
  test_.settings.ending.on = false;
  limits().lock_deadline = 100ms;
  const auto forgotten = InTransaction("select * from t", "forgotten");
  EXPECT_EQ(test_.Upgrade().state, RunState::kDeferred);
  EXPECT_TRUE(IsAlive(*forgotten));
}

// ---- Outside a transaction -------------------------------------------------------------------

TEST_F(TableLocksTest, AnIndexBuildLooksFirstToo) {
  test_.Add("0002_i", "-- transaction: off\ncreate index concurrently i on t (id);");
  test_.Upgrade("0001");
  const auto other = InTransaction("lock table t in share update exclusive mode");
  test_.observer.on_blocked = [&] { other->Send("rollback"); };
  EXPECT_EQ(test_.Upgrade().state, RunState::kDone);
  EXPECT_THAT(test_.observer.events, Contains("blocked 0002"));
}

TEST_F(TableLocksTest, AStatementThatMayWaitSaysForWhom) {
  test_.Add("0002_i", "-- transaction: off\ndrop index concurrently i;");
  test_.database.Sql("create index i on t (id)");
  test_.Upgrade("0001");
  const auto reader = InTransaction("insert into t values (2)");
  limits().young_holder = kNever;
  std::atomic<bool> named = false;
  test_.observer.on_progress = [&] {
    if (test_.observer.progress.blocker_pid != reader->backend_pid() || named.exchange(true))
      return;
    test_.database.Value("select pg_terminate_backend(" + std::to_string(reader->backend_pid()) +
                         ")");
  };
  EXPECT_EQ(test_.Upgrade().state, RunState::kDone);
  EXPECT_TRUE(named);
}

TEST_F(TableLocksTest, AStatementOutsideATransactionDoesNotQueueEither) {
  test_.Add("0002_i", "-- transaction: off\nalter table t add column c int;");
  test_.Upgrade("0001");
  const auto reader = InTransaction("select * from t");
  test_.observer.on_blocked = [&] { reader->Send("rollback"); };
  EXPECT_EQ(test_.Upgrade().state, RunState::kDone);
  EXPECT_THAT(test_.observer.events, Contains("blocked 0002"));
}

TEST_F(TableLocksTest, AStopWhileItLooksChangesNothing) {
  const auto reader = InTransaction("select * from t");
  test_.observer.on_blocked = [&] { test_.stop.RequestAfterCurrent(); };
  EXPECT_EQ(test_.Upgrade().state, RunState::kStopped);
  EXPECT_FALSE(HasColumn());
}

// A long wait for a statement is not taken for the request to stop that came while it ran.
// Faults: D9.
TEST_F(TableLocksTest, AStatementTimeoutAfterARequestToStopIsAFailure) {
  test_.Add("0002_b", "-- statement_timeout: 300ms\nselect pg_sleep(3600);");
  test_.Upgrade("0001");
  test_.observer.on_step_begin = [&] { test_.stop.RequestAfterCurrent(); };
  EXPECT_EQ(test_.Upgrade().state, RunState::kFailed);
}

}  // namespace
}  // namespace lockstep
