#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "base/file_tree.h"
#include "engine/verify.h"
#include "support/map_file_tree.h"
#include "support/test_database.h"

namespace lockstep {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr bool kAll = true;
constexpr bool kLastOnly = false;

class VerifyTest : public testing::Test {
 protected:
  void Add(const std::string& stem, const std::string& up, const std::string& down) {
    files_.PutPair(stem, up, down);
  }

  VerifyReport VerifyFolder(FileTree& files, bool all) {
    const MigrationFolder folder = MigrationFolder::Load(files);
    for (const Diagnostic& diagnostic : folder.diagnostics()) {
      if (diagnostic.severity == Severity::kError) ADD_FAILURE() << ToText(diagnostic);
    }
    const RunContext context{.folder = folder,
                             .settings = settings_,
                             .open = db_.factory(),
                             .url = db_.url(),
                             .clock = clock_,
                             .observer = observer_,
                             .stop = stop_.tokens(),
                             .random = random_};
    return Verify(context, all);
  }
  VerifyReport Verified(bool all) { return VerifyFolder(files_, all); }

  // "roll back 0002", and "!" before what is not as it should be.
  static std::vector<std::string> StepsOf(const VerifyReport& report) {
    std::vector<std::string> steps;
    for (const VerifyStep& step : report.steps) {
      steps.push_back((step.ok ? "" : "!") + step.action + ' ' + step.revision);
    }
    return steps;
  }

  static std::vector<std::string> DifferencesOf(const VerifyReport& report) {
    std::vector<std::string> lines;
    for (const auto& [revision, difference] : report.differences) {
      lines.push_back(revision + ": " + ToText(difference));
    }
    return lines;
  }

  std::string AppliedNow() const {
    return db_.Value(
        "select string_agg(revision, ' ' order by revision) from (select distinct on (revision) *"
        " from lockstep.history order by revision, sequence desc) newest where present");
  }

  TestDatabase db_;
  MapFileTree files_;
  RunSettings settings_;
  SystemClock clock_;
  RunObserver observer_;
  StopSource stop_;
  std::mt19937_64 random_{1};
};

TEST_F(VerifyTest, AcceptsALineThatComesOffStepByStep) {
  Add("0001_a", "create table a (id serial primary key);", "drop table a;");
  Add("0002_b", "create type e as enum ('x'); alter table a add b e default 'x';",
      "alter table a drop b; drop type e;");
  Add("0003_c", "-- transaction: off\ncreate index concurrently i on a (b);",
      "-- transaction: off\ndrop index concurrently i;");
  const VerifyReport report = Verified(kAll);
  EXPECT_TRUE(report.ok);
  EXPECT_THAT(DifferencesOf(report), IsEmpty());
  EXPECT_THAT(
      StepsOf(report),
      ElementsAre("apply 0001", "apply 0002", "apply 0003", "roll back 0003", "roll back 0002",
                  "roll back 0001", "apply again 0001", "apply again 0002", "apply again 0003"));
  EXPECT_EQ(AppliedNow(), "0001 0002 0003");
  ASSERT_EQ(report.history.size(), 3U);
  EXPECT_TRUE(report.history.back().present);
}

TEST_F(VerifyTest, KnowsWhatAMigrationChangedAndTookAway) {
  Add("0001_a", "create table a (id int default 1); create index i on a (id);", "drop table a;");
  Add("0002_b", "alter table a alter id set default 2; drop index i;",
      "alter table a alter id set default 1; create index i on a (id);");
  Add("0003_c", "alter table a alter id set default 3;", "alter table a alter id set default 2;");
  EXPECT_THAT(DifferencesOf(Verified(kAll)), IsEmpty());
}

TEST_F(VerifyTest, LooksAtTheLastOnlyWhenNotAskedForAll) {
  Add("0001_a", "create table a (id int); create table forgotten ();", "drop table a;");
  Add("0002_b", "create table b (id int);", "drop table b;");
  const VerifyReport report = Verified(kLastOnly);
  EXPECT_TRUE(report.ok);
  EXPECT_THAT(StepsOf(report),
              ElementsAre("apply 0001", "apply 0002", "roll back 0002", "apply again 0002"));
  EXPECT_EQ(AppliedNow(), "0001 0002");
}

TEST_F(VerifyTest, HasNothingToSayOfAnEmptyFolder) {
  const VerifyReport report = Verified(kAll);
  EXPECT_TRUE(report.ok);
  EXPECT_THAT(report.steps, IsEmpty());
  EXPECT_THAT(report.history, IsEmpty());
}

// Each down script undoes all but one thing.
struct Forgotten {
  std::string name, up, down, difference;
};

class ForgetfulDownTest : public VerifyTest, public testing::WithParamInterface<Forgotten> {};

TEST_P(ForgetfulDownTest, IsFoundAndTheObjectNamed) {
  Add("0001_a", "create table a (id int, b text);", "drop table a;");
  Add("0002_b", GetParam().up, GetParam().down);
  const VerifyReport report = Verified(kAll);
  EXPECT_FALSE(report.ok);
  EXPECT_THAT(DifferencesOf(report), Contains("0002: " + GetParam().difference));
  EXPECT_EQ(report.differences.size(), 1U);
  EXPECT_THAT(StepsOf(report), Contains("!roll back 0002"));
  EXPECT_THAT(StepsOf(report), Contains("roll back 0001")) << "the way down goes on";
  EXPECT_EQ(report.steps[2].message, GetParam().difference);
}

INSTANTIATE_TEST_SUITE_P(
    Verify, ForgetfulDownTest,
    testing::Values(
        Forgotten{"index", "create table c (); create index if not exists i on a (b);",
                  "drop table c;", "index public.a.i is left over"},
        Forgotten{"type", "create type e as enum ('x');", "select 1;",
                  "type public.e is left over"},
        Forgotten{"default_value", "alter table a alter b set default 'x';", "select 1;",
                  "column public.a.b was '2 text' and is now '2 text default 'x'::text'"},
        Forgotten{"dropped_default", "alter table a alter b drop default, add c int;",
                  "alter table a drop c; alter table a alter b set default 'y';",
                  "column public.a.b was '2 text' and is now '2 text default 'y'::text'"},
        Forgotten{"comment", "comment on column a.b is 'x';", "select 1;",
                  "comment on table column public.a.b is left over"},
        Forgotten{"privilege", "grant select on a to pg_monitor;", "select 1;",
                  "grant of select on table public.a to pg_monitor is left over"},
        Forgotten{"too_much", "alter table a add c int;", "alter table a drop c, drop b;",
                  "column public.a.b is missing"}),
    [](const auto& forgotten) { return forgotten.param.name; });

TEST_F(VerifyTest, NamesWhatIsLeftOnceAndWhereItWasLeft) {
  Add("0001_a", "create table a (id int);", "drop table a;");
  Add("0002_b", "create type e as enum ('x');", "select 1;");
  Add("0003_c", "create table c (id int); create sequence s;", "drop table c;");
  const VerifyReport report = Verified(kAll);
  EXPECT_THAT(DifferencesOf(report), ElementsAre("0003: sequence public.s is left over",
                                                 "0002: type public.e is left over"));
  ASSERT_TRUE(report.failed_run) << "the type is there when it is to be created again";
  EXPECT_EQ(StepsOf(report).back(), "!apply again 0002");
  EXPECT_THAT(report.steps.back().message,
              HasSubstr("migrations/0002_b.up.sql:1:1: type \"e\" already exists [42710]"));
}

TEST_F(VerifyTest, NoticesAnUpScriptThatDoesNotGiveTheSameAgain) {
  Add("0001_a",
      "do $$ begin execute format('create table a (id int default %s)',"
      " (select count(*) from pg_largeobject_metadata));"
      " perform lo_create(0); end $$;",
      "drop table a;");
  const VerifyReport report = Verified(kAll);
  EXPECT_FALSE(report.ok);
  EXPECT_THAT(DifferencesOf(report),
              ElementsAre("0001: column public.a.id was '1 integer default 0' and is now"
                          " '1 integer default 1'"));
  EXPECT_EQ(StepsOf(report).back(), "!apply again 0001");
}

TEST_F(VerifyTest, StopsAtAMigrationThatFails) {
  Add("0001_a", "create table a (id int);", "drop table a;");
  Add("0002_b", "create table b (id int);\nselect nothing from nowhere;", "drop table b;");
  Add("0003_c", "create table c (id int);", "drop table c;");
  const VerifyReport report = Verified(kAll);
  EXPECT_FALSE(report.ok);
  ASSERT_TRUE(report.failed_run);
  EXPECT_EQ(report.failed_run->state, RunState::kFailed);
  EXPECT_THAT(StepsOf(report), ElementsAre("apply 0001", "!apply 0002"));
  EXPECT_THAT(report.steps.back().message, HasSubstr("0002_b.up.sql:2:21: relation \"nowhere\""));
}

TEST_F(VerifyTest, StopsAtARollbackThatFails) {
  Add("0001_a", "create table a (id int);", "drop table a;");
  Add("0002_b", "create table b (id int);", "drop table bb;");
  const VerifyReport report = Verified(kAll);
  EXPECT_FALSE(report.ok);
  EXPECT_THAT(StepsOf(report), ElementsAre("apply 0001", "apply 0002", "!roll back 0002"));
  EXPECT_THAT(report.steps.back().message, HasSubstr("42P01"));
}

TEST_F(VerifyTest, SaysWhyARunWasRefused) {
  Add("0001_a", "commit;", "select 1;");
  const VerifyReport report = Verified(kAll);
  EXPECT_FALSE(report.ok);
  EXPECT_THAT(StepsOf(report), ElementsAre("!apply 0001"));
  ASSERT_TRUE(report.failed_run);
  EXPECT_EQ(report.failed_run->state, RunState::kInvalid);
  EXPECT_EQ(report.steps.back().message, report.failed_run->diagnostics.front().message);
}

TEST_F(VerifyTest, NotesAnIrreversibleMigrationAndEndsTheWayDownThere) {
  Add("0001_a", "create table a (id int);", "drop table a;");
  files_.Put("0002_b.up.sql", "-- irreversible: rows are gone\ncreate table b (id int);");
  Add("0003_c", "create table c (id int);", "drop table c;");
  const VerifyReport report = Verified(kAll);
  EXPECT_TRUE(report.ok);
  EXPECT_THAT(StepsOf(report), ElementsAre("apply 0001", "apply 0002", "apply 0003",
                                           "roll back 0003", "roll back 0002", "apply again 0003"));
  EXPECT_EQ(report.steps[4].message, "not rolled back, since it is irreversible: rows are gone");
  EXPECT_EQ(AppliedNow(), "0001 0002 0003");
}

TEST_F(VerifyTest, GoesThroughBranchesAndMerges) {
  Add("0001_a", "-- revises: none\ncreate table a (id int);", "drop table a;");
  Add("0002_b", "-- revises: 0001\ncreate table b (id int);", "drop table b;");
  Add("0003_c", "-- revises: 0001\ncreate table c (id int);", "drop table c;");
  Add("0004_d", "-- revises: 0002, 0003\ncreate table d (id int);", "drop table d;");
  Add("0005_e", "-- revises: none\ncreate type e as enum ('x');", "select 1;");
  const VerifyReport report = Verified(kAll);
  EXPECT_THAT(DifferencesOf(report), ElementsAre("0001: type public.e is left over"))
      << "two lines that share nothing come off together";
}

TEST_F(VerifyTest, AcceptsSeveralHeads) {
  Add("0001_a", "-- revises: none\ncreate table a (id int);", "drop table a;");
  Add("0002_b", "-- revises: 0001\ncreate table b (id int);", "drop table b;");
  Add("0003_c", "-- revises: 0001\ncreate table c (id int);", "drop table c;");
  const VerifyReport report = Verified(kAll);
  EXPECT_TRUE(report.ok);
  EXPECT_THAT(
      StepsOf(report),
      ElementsAre("apply 0001", "apply 0002", "apply 0003", "roll back 0003", "roll back 0002",
                  "roll back 0001", "apply again 0001", "apply again 0002", "apply again 0003"));
}

TEST_F(VerifyTest, DoesNotTakeOurOwnTablesForTheMigrations) {
  settings_.names.schema = "Our \"own\"";
  Add("0001_a", "create table a (id int);", "drop table a;");
  EXPECT_TRUE(Verified(kAll).ok);
}

TEST_F(VerifyTest, SeesATableNamedLikeAlembicsWhenNoneIsKept) {
  settings_.alembic = AlembicSync::kOff;
  Add("0001_a", "create table alembic_version (version_num text);", "select 1;");
  EXPECT_THAT(DifferencesOf(Verified(kAll)),
              Contains("0001: table public.alembic_version is left over"));
}

TEST_F(VerifyTest, StopsOnRequest) {
  Add("0001_a", "create table a (id int);", "drop table a;");
  stop_.RequestAfterCurrent();
  const VerifyReport report = Verified(kAll);
  EXPECT_FALSE(report.ok);
  ASSERT_TRUE(report.failed_run);
  EXPECT_EQ(report.failed_run->state, RunState::kStopped);
  EXPECT_EQ(report.steps.back().message, "stopped on request");
}

TEST_F(VerifyTest, AcceptsTheRunbooksMigrations) {
  DiskFileTree files(std::string(LOCKSTEP_SOURCE_DIR) + "/migrations");
  const VerifyReport report = VerifyFolder(files, kAll);
  EXPECT_TRUE(report.ok);
  EXPECT_THAT(DifferencesOf(report), IsEmpty());
  EXPECT_EQ(report.steps.size(), 21U);
  for (const VerifyStep& step : report.steps) EXPECT_EQ(step.message, "") << step.revision;
}

}  // namespace
}  // namespace lockstep
