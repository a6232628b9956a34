// How often a run crosses the wire, seen from the wire.
#include <gtest/gtest.h>

#include <iostream>

#include "support/commit_fault.h"
#include "support/migrations_under_test.h"
#include "support/program_fixture.h"
#include "support/wire_proxy.h"

namespace lockstep {
namespace {

constexpr const char* kUpgrade = "lockstep/upgrade";

void Tell(const std::string& what, int figure) {
  ::testing::Test::RecordProperty(what, figure);
  std::cout << what << ": " << figure << '\n';
}

SessionFactory Through(const WireProxy& proxy) {
  return [&proxy](const SessionOptions& options) { return OpenSession(proxy.url(), options); };
}

std::string Statements(int count) {
  std::string script;
  for (int i = 0; i < count; ++i) script += "insert into t values (" + std::to_string(i) + ");\n";
  return script;
}

std::string StemOf(int number) {
  std::string digits = std::to_string(number);
  return std::string(4 - digits.size(), '0') + digits + "_m";
}

// Of a whole run on an empty database with so many migrations of that script.
int RoundTrips(int migrations, const std::string& script) {
  MigrationsUnderTest test;
  test.database.Sql("create table t (id int)");
  for (int i = 1; i <= migrations; ++i) test.Add(StemOf(i), script);
  const WireProxy proxy(test.database.url());
  test.open = Through(proxy);
  EXPECT_EQ(test.Upgrade().state, RunState::kDone);
  EXPECT_EQ(test.database.Value("select count(*) from lockstep.history"),
            std::to_string(migrations));
  return proxy.RoundTripsOf(kUpgrade);
}

class BriefMigration : public ::testing::TestWithParam<int> {};

TEST_P(BriefMigration, TakesOneRoundTripWhateverItsNumberOfStatements) {
  const int few = RoundTrips(2, Statements(GetParam()));
  const int more = RoundTrips(9, Statements(GetParam()));
  Tell("round_trips_of_7_migrations", more - few);
  Tell("round_trips_around_them", few - 2);
  EXPECT_EQ(more - few, 7);
}

INSTANTIATE_TEST_SUITE_P(OfStatements, BriefMigration, ::testing::Values(1, 5, 50),
                         ::testing::PrintToStringParamName());

// It may last, and what was done before is to be known meanwhile.
TEST(LongMigration, TakesARoundTripForItsWorkAndOneForItsCommit) {
  const std::string script = "insert into t select 1;";
  EXPECT_EQ(RoundTrips(9, script) - RoundTrips(2, script), 7 * 2);
}

// The server reads a message before it begins: so that neither side needs much memory.
TEST(LongMigration, TakesARoundTripForEachMegabyte) {
  std::string script = "insert into t select 1;\n";
  const int short_one = RoundTrips(1, script);
  const std::string insert = "insert into t select 1; -- " + std::string(1000, 'x') + "\n";
  while (script.size() < (std::size_t{7} << 19)) script += insert;
  EXPECT_EQ(RoundTrips(1, script) - short_one, 3);
}

// Keeps the text of everything that is asked.
class Listening : public WirePolicy {
 public:
  explicit Listening(std::string& asked) : asked_(asked) {}
  WireVerdict OnRequest(const WireMessage& message) override {
    if (message.type == 'Q' || message.type == 'P') asked_.append(message.body);
    return WireVerdict::kPass;
  }

 private:
  std::string& asked_;
};

TEST(UpgradeWithNothingToDo, ReadsEachFileOnceAndLooksInThreeRoundTripsWithoutALock) {
  constexpr int kMigrations = 1000;
  MigrationsUnderTest test;
  for (int i = 1; i <= kMigrations; ++i) test.Add(StemOf(i), "select 1;");
  ASSERT_EQ(test.Upgrade().state, RunState::kDone);
  ASSERT_EQ(test.database.Value("select count(*) from lockstep.history"), "1000");

  std::string asked;
  const WireProxy proxy(test.database.url(), [&] { return std::make_unique<Listening>(asked); });
  test.open = Through(proxy);
  const MapFileTree before = test.files;
  EXPECT_EQ(test.Upgrade().state, RunState::kNothingToDo);

  Tell("round_trips_with_nothing_to_do", proxy.RoundTripsOf(kUpgrade));
  Tell("connections_with_nothing_to_do", static_cast<int>(proxy.connections().size()));
  EXPECT_LE(proxy.RoundTripsOf(kUpgrade), 3);
  EXPECT_EQ(proxy.connections().size(), 1u);
  EXPECT_NE(asked.find("lockstep\".\"history\""), std::string::npos);
  EXPECT_EQ(asked.find("advisory"), std::string::npos) << asked;
  for (const std::string& name : test.files.List()) {
    ASSERT_EQ(test.files.ReadsOf(name) - before.ReadsOf(name), 1) << name;
  }
}

TEST(UpgradeWithNothingToDo, DoesNotWaitForOneThatMigrates) {
  MigrationsUnderTest test;
  test.Add("0001_a", "select 1;");
  test.Upgrade();
  const OpenedSession holder = test.database.Open("holder");
  const unsigned oid = *ReadLook(*holder.session, test.settings.names).bookkeeping.history_oid;
  ASSERT_TRUE(TryLock(*holder.session, {kMigrationLockSpace, oid}));
  // As a migration does from its `enter` to its commit.
  ASSERT_TRUE(holder.session->Send("begin; select from lockstep.fence for update").ok());
  EXPECT_EQ(test.Upgrade().state, RunState::kNothingToDo);
  EXPECT_EQ(test.observer.waited_for_pid, 0);
}

// Twenty that wait must not slow down the one that works.
TEST(AnUpgradeThatWaitsForTheLock, AsksShortlyWhetherItsWorkIsDone) {
  MigrationsUnderTest test;
  test.Add("0001_a", "select 1;");
  test.Upgrade();
  test.Add("0002_b", "select 1;");
  const OpenedSession holder = test.database.Open("holder");
  const unsigned oid = *ReadLook(*holder.session, test.settings.names).bookkeeping.history_oid;
  ASSERT_TRUE(TryLock(*holder.session, {kMigrationLockSpace, oid}));
  test.settings.migration_lock_wait = std::chrono::milliseconds(500);
  std::string asked;
  const WireProxy proxy(test.database.url(), [&] { return std::make_unique<Listening>(asked); });
  test.open = Through(proxy);
  EXPECT_EQ(test.Upgrade().state, RunState::kBusy);
  const auto count = [&asked](std::string_view what) {
    int times = 0;
    for (auto at = asked.find(what); at != std::string::npos; at = asked.find(what, at + 1))
      ++times;
    return times;
  };
  EXPECT_GT(count("pg_try_advisory_lock"), 1);
  EXPECT_EQ(count("distinct on (revision)"), 1) << "the look before it waited";
}

class ACommitWithoutAnAnswer : public ::testing::TestWithParam<CommitFault> {};

// The bookkeeping's own, a transactional migration's, alone and with the next one's work, and those
// around statements outside of one.
TEST_P(ACommitWithoutAnAnswer, IsLookedUpAndEachMigrationIsAppliedOnce) {
  int commits = 0;
  for (bool happened = true; happened; ++commits) {
    ProgramFixture test;
    test.database.Sql("create table effects (revision text)");
    test.Add("0001_a", "insert into effects values ('0001');");
    test.Add("0002_b",
             "-- transaction: off\ninsert into effects values ('0002');\n"
             "create index concurrently i on effects (revision);");
    test.Add("0003_c", "insert into effects values ('0003');");
    test.Add("0004_d", "insert into effects values ('0004');");
    const auto plan = std::make_shared<CommitFaultPlan>(GetParam(), commits + 1);
    const WireProxy proxy(test.database.url(), WithCommitFault(plan));
    test.url = proxy.url();

    const ProgramEnd end = test.Run({"upgrade"});
    happened = plan->happened();
    EXPECT_EQ(end.exit_code, 0) << "commit " << commits + 1 << ": " << end.messages;
    EXPECT_EQ(test.History(), "0001 0002 0003 0004") << "commit " << commits + 1;
    EXPECT_EQ(
        test.database.Value("select string_agg(revision, ' ' order by revision) from effects"),
        "0001 0002 0003 0004")
        << "commit " << commits + 1;
  }
  Tell("commits_hit", commits - 1);
  EXPECT_EQ(commits - 1, 6);
}

INSTANTIATE_TEST_SUITE_P(BothOutcomes, ACommitWithoutAnAnswer,
                         ::testing::Values(CommitFault::kCutBefore, CommitFault::kSwallowAnswer),
                         ::testing::PrintToStringParamName());

}  // namespace
}  // namespace lockstep
