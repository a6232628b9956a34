// Real processes: crowds of them, killed ones, and ones that are asked to stop.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <regex>
#include <set>

#include "base/text.h"
#include "support/program_fixture.h"

namespace lockstep {
namespace {

constexpr int kKilled = 128 + SIGKILL;
constexpr int kTemporary = 75;

// ---- What the tests wait for -----------------------------------------------------------------

// Asks until the answer is yes. Says false when the program has ended without it.
bool Await(Session& observer, Program& program, const std::string& question) {
  while (!observer.Query(question).Bool(0, 0)) {
    if (program.HasEnded()) return false;
  }
  return true;
}

bool Await(const ProgramFixture& test, Program& program, const std::string& question) {
  return Await(*test.database.Open("observer").session, program, question);
}

std::string SomeSession(const std::string& condition) {
  return "select exists (select from pg_catalog.pg_stat_activity"
         " where datname operator(pg_catalog.=) pg_catalog.current_database() and " +
         condition + ")";
}

const std::string kWaitsForATableLock =
    SomeSession("application_name like 'lockstep/upgrade%' and wait_event_type = 'Lock'");

// A statement that tells that it runs, and ends once there is a row in "go".
constexpr const char* kRunsUntilGo =
    "do $$ begin raise notice 'the body runs';\n"
    "while not exists (select from go) loop perform pg_sleep(0.01); end loop; end $$;\n";

// ---- What every test looks at ----------------------------------------------------------------

// Each migration of these tests leaves its revision there when it takes effect.
void MakeEffects(const ProgramFixture& test) {
  test.database.Sql("create table effects (revision text); create table go (id int)");
}

std::string Effect(const std::string& revision) {
  return "insert into effects values ('" + revision + "');\n";
}

std::string Effects(const ProgramFixture& test) {
  return test.database.Value("select string_agg(revision, ' ' order by revision) from effects");
}

void ExpectAppliedOnce(const ProgramFixture& test, const std::string& revisions) {
  EXPECT_EQ(test.History(), revisions);
  EXPECT_EQ(Effects(test), revisions);
  EXPECT_EQ(test.database.Value("select coalesce(bool_and(indisvalid), true) from pg_index"), "t");
}

void ExpectNoErrorIn(const ProgramEnd& end) {
  EXPECT_EQ(ToLower(end.output + end.messages).find("error"), std::string::npos)
      << end.output << end.messages;
}

// ---- Twenty at once --------------------------------------------------------------------------

constexpr int kCrowd = 20;

using Crowd = std::vector<std::unique_ptr<Program>>;

Crowd StartTwenty(const ProgramFixture& test) {
  Crowd crowd;
  for (int i = 0; i < kCrowd; ++i) crowd.push_back(test.Start({"upgrade"}));
  return crowd;
}

void ExpectAllDone(const Crowd& crowd) {
  for (const auto& program : crowd) {
    const ProgramEnd end = program->Wait();
    EXPECT_EQ(end.exit_code, 0) << end.messages;
    ExpectNoErrorIn(end);
  }
}

// Holds the first migration until all of them are there, so that they want the same at the same
// time; for half a minute at most, in case one has left.
const std::string kUntilAllAreThere =
    "do $$ begin for i in 1..3000 loop\n"
    "exit when (select count(*) from pg_stat_activity where datname = current_database()\n"
    "and application_name like 'lockstep/upgrade%') >= " +
    std::to_string(kCrowd) +
    ";\nperform pg_sleep(0.01), pg_stat_clear_snapshot(); end loop; end $$;\n";

void AddWithIndexBuild(const ProgramFixture& test, const std::string& first) {
  test.database.Sql("create table big as select id from generate_series(1, 200000) id");
  test.Add("0001_a", first);
  test.Add("0002_b",
           "-- transaction: off\ncreate index concurrently i on big (id);\n" + Effect("0002"));
  test.Add("0003_c", Effect("0003"));
}

TEST(TwentyUpgradesAtOnce, ApplyEachMigrationOnceOnAnEmptyDatabase) {
  const ProgramFixture test;
  test.Add("0001_a",
           kUntilAllAreThere + "create table effects (revision text);\n" + Effect("0001"));
  test.Add("0002_b", Effect("0002"));
  test.Add("0003_c", Effect("0003"));
  ExpectAllDone(StartTwenty(test));
  ExpectAppliedOnce(test, "0001 0002 0003");
}

TEST(TwentyUpgradesAtOnce, ApplyEachMigrationOnceAroundAnIndexBuild) {
  const ProgramFixture test;
  MakeEffects(test);
  AddWithIndexBuild(test, kUntilAllAreThere + Effect("0001"));
  ExpectAllDone(StartTwenty(test));
  ExpectAppliedOnce(test, "0001 0002 0003");
  EXPECT_EQ(test.database.Value("select count(*) from lockstep.attempts"), "0");
}

// The one that has applied the first migration, and so runs the next.
std::size_t AwaitLeader(Session& observer, const Crowd& crowd) {
  Await(observer, *crowd[0], "select pg_catalog.to_regclass('lockstep.history') is not null");
  Await(observer, *crowd[0], "select exists (select from lockstep.history)");
  const std::string pid = observer.Query("select pid from lockstep.history limit 1").Text(0, 0);
  const auto leader = std::ranges::find_if(
      crowd, [&](const auto& program) { return std::to_string(program->pid()) == pid; });
  return static_cast<std::size_t>(std::distance(crowd.begin(), leader));
}

class TwentyUpgradesOfWhichOneIsKilled : public ::testing::TestWithParam<int> {};

// Faults: P2.
TEST_P(TwentyUpgradesOfWhichOneIsKilled, FinishTheJob) {
  const auto seed = std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  std::cout << "seed " << seed << '\n';
  std::mt19937 random(seed);

  const ProgramFixture test;
  MakeEffects(test);
  AddWithIndexBuild(test, kUntilAllAreThere + Effect("0001"));
  const OpenedSession observer = test.database.Open("observer");
  Crowd crowd = StartTwenty(test);
  const std::size_t leader = AwaitLeader(*observer.session, crowd);
  ASSERT_LT(leader, crowd.size());
  // By the server's clock; the index on 200,000 rows takes about that long.
  const std::string moment = std::to_string(random() % 250);
  Await(*observer.session, *crowd[leader],
        "select pg_catalog.clock_timestamp() >= min(recorded_at) + '" + moment +
            " ms' from lockstep.history");
  crowd[leader]->Signal(SIGKILL);

  const int ended = crowd[leader]->Wait().exit_code;
  crowd.erase(crowd.begin() + static_cast<std::ptrdiff_t>(leader));
  EXPECT_TRUE(ended == kKilled || ended == 0) << ended;
  std::cout << "the leader " << (ended == kKilled ? "was killed" : "had finished") << '\n';
  ExpectAllDone(crowd);
  ExpectAppliedOnce(test, "0001 0002 0003");
}

INSTANTIATE_TEST_SUITE_P(AtARandomMoment, TwentyUpgradesOfWhichOneIsKilled, ::testing::Range(1, 4));

// ---- Killed at every named step --------------------------------------------------------------

const std::set<std::string> kStepsOfEveryRun = {
    "file_read",  "connected", "lock_try",    "lock_won",     "fence_bumped", "hook_before",
    "hook_after", "work_sent", "commit_sent", "commit_acked", "unlock"};
const std::set<std::string> kStepsInATransaction = {"work_done"};
const std::set<std::string> kStepsOutsideOfOne = {"statement_sent", "statement_done",
                                                  "statement_verified", "progress_written"};

struct NamedStep {
  bool transactional = true;
  std::string name;
};

// For the test's name.
std::ostream& operator<<(std::ostream& out, const NamedStep& step) {
  return out << (step.transactional ? "Transactional_" : "Statements_") << step.name;
}

std::vector<NamedStep> StepsToBeKilledAt() {
  std::vector<NamedStep> steps;
  for (const bool transactional : {true, false}) {
    for (const std::string& name : kStepsOfEveryRun) steps.push_back({transactional, name});
  }
  for (const std::string& name : kStepsInATransaction) steps.push_back({true, name});
  for (const std::string& name : kStepsOutsideOfOne) steps.push_back({false, name});
  return steps;
}

// But for an agent's own, which tests/chaos/sweep.py hits.
std::set<std::string> StepsNamedInTheSources() {
  static const std::regex call("FailPoint\\(\"(\\w+)\"\\)");
  std::set<std::string> names;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(LOCKSTEP_SOURCE_DIR "/daemon")) {
    if (entry.path().extension() != ".cc") continue;
    if (entry.path().parent_path().filename() == "agent") continue;
    std::ifstream file(entry.path());
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    for (std::sregex_iterator at(text.begin(), text.end(), call), end; at != end; ++at) {
      names.insert((*at)[1]);
    }
  }
  return names;
}

TEST(AnUpgradeThatIsKilled, IsKilledAtEveryStepThatTheSourcesName) {
  std::set<std::string> tried;
  for (const NamedStep& step : StepsToBeKilledAt()) tried.insert(step.name);
  EXPECT_EQ(StepsNamedInTheSources(), tried);
}

void AddKind(const ProgramFixture& test, bool transactional) {
  MakeEffects(test);
  if (transactional) return test.Add("0001_a", Effect("0001"));
  test.Add("0001_a", "-- transaction: off\n" + Effect("0001") +
                         "create index concurrently i on effects (revision);\n");
}

class AnUpgradeThatIsKilledAt : public ::testing::TestWithParam<NamedStep> {};

// Faults: P1, P2, P4, P5, P6.
TEST_P(AnUpgradeThatIsKilledAt, IsFinishedByTheNextWithEachEffectOnce) {
  const auto& [transactional, name] = GetParam();
  int kills = 0;
  for (int ended = kKilled; ended == kKilled;) {
    const ProgramFixture test;
    AddKind(test, transactional);
    test.Configure("[hooks]\nbefore_migration = [\"/usr/bin/true\"]\n");
    // The same step is passed more than once: each passage has its turn.
    const std::string passage = name + ":kill:" + std::to_string(kills + 1);
    const ProgramEnd first = test.Run({"upgrade"}, {{"LOCKSTEP_FAIL_POINT", passage}});
    ended = first.exit_code;
    if (ended == kKilled) ++kills;
    ASSERT_TRUE(ended == kKilled || ended == 0) << passage << ": " << first.messages;

    const ProgramEnd next = test.Run({"upgrade"});
    EXPECT_EQ(next.exit_code, 0) << passage << ": " << next.messages;
    ExpectNoErrorIn(next);
    SCOPED_TRACE(passage);
    ExpectAppliedOnce(test, "0001");
    EXPECT_EQ(test.database.Value("select count(*) from pg_class where relname = 'i'"),
              transactional ? "0" : "1");
  }
  EXPECT_GE(kills, 1) << "no run passes the step \"" << name << "\"";
  RecordProperty("kills", kills);
}

INSTANTIATE_TEST_SUITE_P(AStep, AnUpgradeThatIsKilledAt, ::testing::ValuesIn(StepsToBeKilledAt()),
                         ::testing::PrintToStringParamName());

// Faults: P3.
TEST(AnUpgradeThatIsKilled, InTheMiddleOfABodyIsFinishedByTheNext) {
  const ProgramFixture test;
  MakeEffects(test);
  test.Add("0001_a", Effect("0001") + kRunsUntilGo);
  const auto killed = test.Start({"upgrade"});
  ASSERT_TRUE(killed->WaitForMessage("the body runs"));
  killed->Signal(SIGKILL);
  EXPECT_EQ(killed->Wait().exit_code, kKilled);
  test.database.Sql("insert into go values (1)");
  EXPECT_EQ(test.Run({"upgrade"}).exit_code, 0);
  ExpectAppliedOnce(test, "0001");
}

// Faults: P7.
TEST(AnUpgradeThatIsKilled, InTheMiddleOfAnIndexBuildIsFinishedByTheNext) {
  const ProgramFixture test;
  MakeEffects(test);
  AddWithIndexBuild(test, Effect("0001"));
  const OpenedSession writer = test.database.Open("writer");
  ASSERT_TRUE(writer.session->Send("begin; insert into public.big values (0)").ok());
  const auto killed = test.Start({"upgrade"});
  ASSERT_TRUE(Await(test, *killed,
                    "select exists (select from pg_catalog.pg_stat_progress_create_index"
                    " where datname = pg_catalog.current_database() and lockers_total > 0)"));
  killed->Signal(SIGKILL);
  EXPECT_EQ(killed->Wait().exit_code, kKilled);
  const auto next = test.Start({"upgrade"});
  writer.session->Send("commit");
  const ProgramEnd end = next->Wait();
  EXPECT_EQ(end.exit_code, 0) << end.messages;
  ExpectAppliedOnce(test, "0001 0002 0003");
}

// ---- Asked to stop ---------------------------------------------------------------------------

class ASignal : public ::testing::TestWithParam<int> {
 protected:
  // Asked to stop, and so it did: within the program's own time, with the code for "again later".
  void ExpectStopped(Program& program) {
    program.Signal(GetParam());
    const ProgramEnd end = program.Wait();
    EXPECT_EQ(end.exit_code, kTemporary) << end.output << end.messages;
    ExpectNoErrorIn(end);
  }
  // The first signal was taken in.
  void Ask(Program& program) {
    program.Signal(GetParam());
    ASSERT_TRUE(program.WaitForMessage("stopping after the current migration"));
  }

  ProgramFixture test_;
};

TEST_P(ASignal, ToOneThatWaitsForATableLockRollsItBack) {
  MakeEffects(test_);
  test_.Add("0001_a", Effect("0001") + "alter table go add column b int;\n");
  const OpenedSession reader = test_.database.Open("reader");
  ASSERT_TRUE(reader.session->Send("begin; lock table public.go in access share mode").ok());
  const auto program =
      test_.Start({"upgrade"}, {{"LOCKSTEP_YOUNG_HOLDER", "1h"}, {"LOCKSTEP_LOCK_LADDER", "1h"}});
  ASSERT_TRUE(Await(test_, *program, kWaitsForATableLock));
  ExpectStopped(*program);
  ExpectAppliedOnce(test_, "");
}

TEST_P(ASignal, ToOneThatWaitsForTheMigrationLockEndsIt) {
  MakeEffects(test_);
  test_.Add("0001_a", Effect("0001"));
  ASSERT_EQ(test_.Run({"upgrade"}).exit_code, 0);
  test_.Add("0002_b", Effect("0002") + kRunsUntilGo);
  const auto holder = test_.Start({"upgrade"});
  ASSERT_TRUE(holder->WaitForMessage("the body runs"));
  const auto waiter = test_.Start({"upgrade"}, {{"LOCKSTEP_MIGRATION_LOCK_WAIT", "forever"}});
  ASSERT_TRUE(waiter->WaitForMessage("waiting for the migration lock, held by pid"));
  ExpectStopped(*waiter);
  test_.database.Sql("insert into go values (1)");
  EXPECT_EQ(holder->Wait().exit_code, 0);
  ExpectAppliedOnce(test_, "0001 0002");
}

// Faults: P10.
TEST_P(ASignal, ToOneThatRunsLetsItFinishTheCurrentMigration) {
  MakeEffects(test_);
  test_.Add("0001_a", Effect("0001") + kRunsUntilGo);
  test_.Add("0002_b", Effect("0002"));
  const auto program = test_.Start({"upgrade"});
  ASSERT_TRUE(program->WaitForMessage("the body runs"));
  Ask(*program);
  test_.database.Sql("insert into go values (1)");
  const ProgramEnd end = program->Wait();
  EXPECT_EQ(end.exit_code, kTemporary) << end.messages;
  ExpectNoErrorIn(end);
  ExpectAppliedOnce(test_, "0001");
  EXPECT_EQ(test_.Run({"upgrade"}).exit_code, 0);
  ExpectAppliedOnce(test_, "0001 0002");
}

TEST_P(ASignal, ToOneOutsideATransactionLetsItFinishTheCurrentMigration) {
  MakeEffects(test_);
  test_.Add("0001_a", std::string("-- transaction: off\n") + kRunsUntilGo + Effect("0001") +
                          "create index concurrently i on effects (revision);\n");
  test_.Add("0002_b", Effect("0002"));
  const auto program = test_.Start({"upgrade"});
  ASSERT_TRUE(program->WaitForMessage("the body runs"));
  Ask(*program);
  test_.database.Sql("insert into go values (1)");
  EXPECT_EQ(program->Wait().exit_code, kTemporary);
  ExpectAppliedOnce(test_, "0001");
}

// Faults: P11.
TEST_P(ASignal, TheSecondCancelsAndRollsBackNow) {
  MakeEffects(test_);
  test_.Add("0001_a", Effect("0001") + kRunsUntilGo);
  const auto program = test_.Start({"upgrade"});
  ASSERT_TRUE(program->WaitForMessage("the body runs"));
  Ask(*program);
  ExpectStopped(*program);
  ExpectAppliedOnce(test_, "");
  test_.database.Sql("insert into go values (1)");
  EXPECT_EQ(test_.Run({"upgrade"}).exit_code, 0);
  ExpectAppliedOnce(test_, "0001");
}

TEST_P(ASignal, TheSecondCancelsAnIndexBuildThatTheNextFinishes) {
  MakeEffects(test_);
  AddWithIndexBuild(test_, Effect("0001"));
  const OpenedSession writer = test_.database.Open("writer");
  ASSERT_TRUE(writer.session->Send("begin; insert into public.big values (0)").ok());
  const auto program = test_.Start({"upgrade"});
  ASSERT_TRUE(Await(test_, *program, kWaitsForATableLock));
  Ask(*program);
  ExpectStopped(*program);
  writer.session->Send("commit");
  EXPECT_EQ(test_.Run({"upgrade"}).exit_code, 0);
  ExpectAppliedOnce(test_, "0001 0002 0003");
}

TEST_P(ASignal, ToOneThatIsIdleEndsIt) {
  MakeEffects(test_);
  test_.Add("0001_a", Effect("0001"));
  const auto program = test_.Start({"wait", "--timeout", "forever"});
  ASSERT_TRUE(
      Await(test_, *program, SomeSession("application_name = 'lockstep/wait' and state = 'idle'")));
  ExpectStopped(*program);
}

INSTANTIATE_TEST_SUITE_P(Of, ASignal, ::testing::Values(SIGINT, SIGTERM), [](const auto& test) {
  return std::string(test.param == SIGINT ? "Interrupt" : "Terminate");
});

}  // namespace
}  // namespace lockstep
