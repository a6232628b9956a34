#include "agent/reconciler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/manual_clock.h"
#include "support/temporary_folder.h"

namespace lockstep {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

CommandAnswer AnswerWithState(const std::string& state, ExitCode code = ExitCode::kDone) {
  return {{{"state", state}}, code};
}

// A database of which the test says what a look finds and how a run ends.
class ScriptedPort : public TargetPort {
 public:
  void Use(std::shared_ptr<const TargetSettings> settings) override { used = std::move(settings); }
  std::shared_ptr<const DatabaseSight> Look(
      const std::shared_ptr<const MigrationFolder>&) override {
    ++looks;
    if (away) throw Error(*away, "nobody answers");
    return std::make_shared<const DatabaseSight>(sight);
  }
  CommandAnswer Run(const JournaledRun& run, const MigrationFolder&,
                    const std::shared_ptr<StopSource>& stop) override {
    runs.push_back(std::string(NameOf(run.order.source)) +
                   (run.order.direction == Direction::kUp ? " up " : " down ") + run.order.goal);
    return on_run(run, *stop);
  }
  void RequireReadiness() override {
    ++probes;
    if (refusal) throw Error(*refusal, "the server is a standby");
  }
  void OnTrigger(RunSource source) override { triggers.emplace_back(NameOf(source)); }
  bool ForbidsToBegin() const override { return forbids_to_begin; }

  // Applies all that is pending.
  CommandAnswer Apply() {
    sight.applied.insert(sight.pending.begin(), sight.pending.end());
    sight.pending.clear();
    return AnswerWithState("done");
  }

  DatabaseSight sight;
  std::optional<ErrorCode> away;
  bool forbids_to_begin = false;
  std::optional<ErrorCode> refusal;  // of a database that answers, and takes no run
  int looks = 0;
  int probes = 0;
  std::vector<std::string> runs;
  std::vector<std::string> triggers;
  std::shared_ptr<const TargetSettings> used;
  std::function<CommandAnswer(const JournaledRun&, StopSource&)> on_run =
      [this](const JournaledRun&, StopSource&) { return Apply(); };
};

class ReconcilerTest : public ::testing::Test {
 protected:
  ReconcilerTest() {
    folder_.Write("a.up.sql", "create table a ();\n");
    folder_.Write("a.down.sql", "drop table a;\n");
    settings_.name = "shop";
    settings_.settings.folder = folder_.path();
    port_.sight.pending = {"a"};
  }

  Reconciler& reconciler() {
    if (!reconciler_) {
      reconciler_.emplace(ReconcilerTools{clock_, journal_, board_, port_, random_},
                          std::make_shared<const TargetSettings>(settings_));
    }
    return *reconciler_;
  }
  Tick Step(const Mail& mail = {}) { return reconciler().Step(mail); }
  Tick StepAfter(Duration pause, const Mail& mail = {}) {
    clock_.Advance(pause);
    return Step(mail);
  }
  static Mail Trigger(RunSource source) { return {.triggers = {source}}; }
  JournaledRun Order(Direction direction, const std::string& goal) {
    return std::get<OrderTaken>(
               journal_.Submit({.target = "shop", .direction = direction, .goal = goal}))
        .run;
  }
  std::string StatusOfRun(const std::string& id) {
    return std::string(NameOf(journal_.Find(id)->phase));
  }

  TemporaryFolder folder_;
  // A year ahead: the folder has been at rest for long.
  ManualClock clock_{std::chrono::system_clock::now() + std::chrono::hours(24 * 365)};
  TargetSettings settings_;
  RunJournal journal_{clock_, [] {}};
  StatusBoard board_{{}, [] {}};
  ScriptedPort port_;
  std::mt19937_64 random_{1};
  std::optional<Reconciler> reconciler_;
};

TEST_F(ReconcilerTest, AppliesAtTheStartWhatIsPending) {
  const Tick tick = Step();
  EXPECT_THAT(port_.runs, ElementsAre("start up head"));
  EXPECT_EQ(tick.doing, "up to date");
  EXPECT_EQ(tick.wake, clock_.Now() + settings_.refresh);
}

TEST_F(ReconcilerTest, WithNothingPendingNoRunIsBegun) {
  port_.sight.pending.clear();
  Step();
  Step(Trigger(RunSource::kSignal));
  EXPECT_THAT(port_.runs, IsEmpty());
  EXPECT_THAT(journal_.Recent(), IsEmpty());
}

TEST_F(ReconcilerTest, WhatBecomesPendingByItselfIsNobodysWish) {
  Step();
  port_.sight.pending = {"a"};  // somebody has rolled it back by hand
  const Tick tick = StepAfter(settings_.refresh);
  EXPECT_EQ(tick.doing, "1 pending; waits for a trigger");
  EXPECT_THAT(port_.runs, ElementsAre("start up head"));
  Step(Trigger(RunSource::kSignal));
  EXPECT_THAT(port_.runs, ElementsAre("start up head", "signal up head"));
}

TEST_F(ReconcilerTest, WithoutApplyOnStartItWaitsForATrigger) {
  settings_.apply_on_start = false;
  Step();
  EXPECT_THAT(port_.runs, IsEmpty());
}

// Faults: N1.
TEST_F(ReconcilerTest, ADatabaseThatIsAwayIsWaitedForEverMorePatiently) {
  port_.away = ErrorCode::kUnreachable;
  std::vector<Duration> pauses;
  for (int i = 0; i < 20; ++i) {
    const Tick tick = Step();
    EXPECT_EQ(tick.doing, "waits for the database: nobody answers");
    pauses.push_back(tick.wake - clock_.Now());
    clock_.Advance(pauses.back());
  }
  EXPECT_LT(pauses.front(), std::chrono::milliseconds(250));
  const Duration longest = *std::ranges::max_element(pauses);
  EXPECT_GT(longest, std::chrono::seconds(7));
  EXPECT_LE(longest, std::chrono::seconds(30));
  EXPECT_FALSE(board_.Read()->reachable);
  EXPECT_THAT(port_.runs, IsEmpty());
  port_.away.reset();
  StepAfter(std::chrono::seconds(30));
  EXPECT_THAT(port_.runs, ElementsAre("start up head"));
}

TEST_F(ReconcilerTest, ARunThatBrokeIsTriedAgainAfterAPause) {
  port_.on_run = [](const JournaledRun&, StopSource&) {
    return AnswerOf(Error(ErrorCode::kConnectionLost, "gone"));
  };
  Tick tick = Step();
  EXPECT_EQ(port_.runs.size(), 1U);
  EXPECT_EQ(tick.doing, "tries again soon");
  EXPECT_GT(tick.wake, clock_.Now());
  port_.on_run = [this](const JournaledRun&, StopSource&) { return port_.Apply(); };
  tick = StepAfter(tick.wake - clock_.Now());
  EXPECT_EQ(port_.runs.size(), 2U);
  EXPECT_EQ(tick.doing, "up to date");
}

TEST_F(ReconcilerTest, N12_ADatabaseThatWouldRefuseARunIsLeftAloneInSilence) {
  port_.refusal = ErrorCode::kStandby;
  for (int i = 0; i < 20; ++i) {
    const Tick tick = Step();
    EXPECT_EQ(tick.doing, "passive: the server is a standby");
    EXPECT_GT(tick.wake, clock_.Now());
    clock_.Advance(tick.wake - clock_.Now());
  }
  Step(Trigger(RunSource::kSignal));
  EXPECT_EQ(board_.Read()->passive, "standby");
  EXPECT_TRUE(board_.Read()->reachable);
  EXPECT_THAT(port_.runs, IsEmpty());
  EXPECT_THAT(journal_.Recent(), IsEmpty());
  EXPECT_LE(port_.probes, 22);
  port_.refusal.reset();
  StepAfter(std::chrono::seconds(30));
  EXPECT_THAT(port_.runs, ElementsAre("signal up head"));
  EXPECT_EQ(board_.Read()->passive, "");
}

TEST_F(ReconcilerTest, N12_WithNothingPendingAStandbyIsAsGoodAsAny) {
  port_.refusal = ErrorCode::kStandby;
  Step();
  port_.sight.pending.clear();  // its primary has done it
  EXPECT_EQ(StepAfter(std::chrono::seconds(30)).doing, "up to date");
  EXPECT_EQ(board_.Read()->passive, "");
}

TEST_F(ReconcilerTest, D3_WhatAFailoverHasUndoneIsAppliedAgain) {
  Step();
  port_.sight.pending = {"a"};
  port_.sight.lost = true;
  StepAfter(settings_.refresh);
  EXPECT_THAT(port_.runs, ElementsAre("start up head", "failover up head"));
}

TEST_F(ReconcilerTest, D3_WhereOnlyOrdersCountWhatAFailoverHasUndoneWaitsForOne) {
  settings_.apply_on_start = false;
  port_.sight.lost = true;
  Step();
  EXPECT_THAT(port_.runs, IsEmpty());
}

TEST_F(ReconcilerTest, D4_AnOldPrimaryIsWaitedOut) {
  port_.away = ErrorCode::kOldPrimary;
  EXPECT_EQ(Step().doing, "waits for the database: nobody answers");
  EXPECT_EQ(board_.Read()->passive, "old_primary");
  port_.away.reset();
  StepAfter(std::chrono::seconds(30));
  EXPECT_EQ(board_.Read()->passive, "");
  EXPECT_THAT(port_.runs, ElementsAre("start up head"));
}

TEST_F(ReconcilerTest, WhatFailedWaitsForAPerson) {
  port_.on_run = [this](const JournaledRun&, StopSource&) {
    port_.sight.failed = {"a"};
    return AnswerWithState("failed", ExitCode::kBadMigration);
  };
  const Tick tick = Step();
  EXPECT_EQ(tick.doing, "revision \"a\" failed; waits for a trigger");
  StepAfter(std::chrono::hours(1));
  EXPECT_EQ(port_.runs.size(), 1U);
  Step(Trigger(RunSource::kSignal));
  EXPECT_EQ(port_.runs.size(), 2U);
}

TEST_F(ReconcilerTest, WhatWasDeferredIsTriedAgainAfterItsPause) {
  port_.on_run = [](const JournaledRun&, StopSource&) {
    return AnswerWithState("deferred", ExitCode::kTemporary);
  };
  Step();
  StepAfter(settings_.retry_deferred - std::chrono::seconds(1));
  EXPECT_EQ(port_.runs.size(), 1U);
  StepAfter(std::chrono::seconds(1));
  EXPECT_THAT(port_.runs, ElementsAre("start up head", "deferred up head"));
}

TEST_F(ReconcilerTest, ALockThatIsBusyIsAskedForAgain) {
  port_.on_run = [](const JournaledRun&, StopSource&) {
    return AnswerWithState("busy", ExitCode::kTemporary);
  };
  const Tick tick = Step();
  StepAfter(tick.wake - clock_.Now());
  EXPECT_EQ(port_.runs.size(), 2U);
}

TEST_F(ReconcilerTest, RunsByTheClock) {
  settings_.apply_interval = std::chrono::hours(1);
  Step();
  port_.sight.pending = {"a"};
  StepAfter(std::chrono::minutes(59));
  EXPECT_EQ(port_.runs.size(), 1U);
  StepAfter(std::chrono::minutes(1));
  EXPECT_THAT(port_.runs, ElementsAre("start up head", "interval up head"));
}

TEST_F(ReconcilerTest, ANewFolderIsApplied) {
  Step();
  folder_.Write("b.up.sql", "create table b ();\n");
  folder_.Write("b.down.sql", "drop table b;\n");
  port_.sight.pending = {"b"};
  // Its files are older than this clock's present.
  Step({.folder_changed = true});
  EXPECT_THAT(port_.runs, ElementsAre("start up head", "folder up head"));
  EXPECT_EQ(board_.Read()->folder->migrations().size(), 2U);
}

TEST_F(ReconcilerTest, ANewFolderIsNotAppliedWithoutApplyOnChangeNorByAReload) {
  Step();
  folder_.Write("b.up.sql", "select 1;\n");
  folder_.Write("b.down.sql", "select 1;\n");
  port_.sight.pending = {"b"};
  Step({.settings = std::make_shared<const TargetSettings>(settings_)});
  EXPECT_EQ(port_.runs.size(), 1U);
  settings_.apply_on_change = false;
  Step({.settings = std::make_shared<const TargetSettings>(settings_)});
  folder_.Write("c.up.sql", "select 1;\n");
  folder_.Write("c.down.sql", "select 1;\n");
  Step({.folder_changed = true});
  EXPECT_EQ(port_.runs.size(), 1U);
}

TEST_F(ReconcilerTest, AFolderWithErrorsIsNotApplied) {
  folder_.Write("b.up.sql", "-- revisess: a\nselect 1;\n");
  const Tick tick = Step();
  EXPECT_THAT(port_.runs, IsEmpty());
  EXPECT_EQ(tick.doing, "the migrations have errors; waits for better ones");
  EXPECT_FALSE(board_.Read()->folder_ok);
}

TEST_F(ReconcilerTest, AFolderThatIsBeingWrittenHoldsEveryRunBack) {
  ManualClock past;  // every file seems to be of the future
  Reconciler reconciler({past, journal_, board_, port_, random_},
                        std::make_shared<const TargetSettings>(settings_));
  const JournaledRun order = Order(Direction::kUp, "head");
  Tick tick = reconciler.Step({});
  EXPECT_THAT(port_.runs, IsEmpty());
  EXPECT_THAT(tick.doing, HasSubstr("being changed"));
  EXPECT_EQ(StatusOfRun(order.id), "queued");
  past.Advance(settings_.folder_settle);
  reconciler.Step({});
  EXPECT_THAT(port_.runs, ElementsAre("api up head"));
}

TEST_F(ReconcilerTest, AnOrderGoesFirstAndIsAnswered) {
  const JournaledRun order = Order(Direction::kUp, "a");
  Step();
  EXPECT_THAT(port_.runs, ElementsAre("api up a"));
  EXPECT_EQ(StatusOfRun(order.id), "ended");
  EXPECT_EQ(journal_.Find(order.id)->answer->exit_code, ExitCode::kDone);
}

// Somebody mended a file and said "upgrade" at once: the agent ran the file as it had been, since
// the kernel's word of the change was still on its way.
TEST_F(ReconcilerTest, AnOrderMeansTheFolderAsItIsNow) {
  settings_.apply_on_change = false;
  Step();
  folder_.Write("a.up.sql", "create table mended ();\n");
  std::string seen;
  port_.on_run = [&](const JournaledRun&, StopSource&) {
    seen = board_.Read()->folder->migrations().front().up.text;
    return port_.Apply();
  };
  Order(Direction::kUp, "head");
  Step();
  EXPECT_EQ(seen, "create table mended ();\n");
}

TEST_F(ReconcilerTest, ARunThatIsUnderWayIsWhatItDoes) {
  std::string doing;
  port_.on_run = [&](const JournaledRun&, StopSource&) {
    doing = board_.Read()->doing;
    return port_.Apply();
  };
  Order(Direction::kUp, "a");
  Step();
  EXPECT_EQ(doing, "upgrade a is under way");
  EXPECT_EQ(board_.Read()->doing, "up to date");
}

// A step that was under way for another reason met the order in the journal, and ran the old
// folder.
TEST_F(ReconcilerTest, AnOrderThatIsSeenBeforeItsMailMeansTheFolderAsItIsNow) {
  settings_.apply_on_start = false;
  Step();
  folder_.Write("b.up.sql", "create table b ();\n");
  folder_.Write("b.down.sql", "drop table b;\n");
  Order(Direction::kUp, "head");
  Step();
  EXPECT_EQ(board_.Read()->folder->migrations().size(), 2U);
  EXPECT_EQ(port_.runs.front(), "api up head");
}

TEST_F(ReconcilerTest, AnOrderIsCarriedOutEvenWhenTheDatabaseDidNotAnswerTheLook) {
  port_.away = ErrorCode::kUnreachable;
  Order(Direction::kUp, "head");
  Step();
  EXPECT_THAT(port_.runs, ElementsAre("api up head"));
}

TEST_F(ReconcilerTest, AnOrderThatBrokeIsNotTriedAgainBehindItsBack) {
  settings_.apply_on_start = false;
  port_.on_run = [](const JournaledRun&, StopSource&) {
    return AnswerOf(Error(ErrorCode::kConnectionLost, "gone"));
  };
  const JournaledRun order = Order(Direction::kUp, "head");
  Step();
  StepAfter(std::chrono::minutes(1));
  EXPECT_EQ(port_.runs.size(), 1U);
  EXPECT_EQ(journal_.Find(order.id)->answer->exit_code, ExitCode::kUnreachable);
}

TEST_F(ReconcilerTest, WhoRollsBackDoesNotGetItAppliedAgain) {
  port_.on_run = [](const JournaledRun&, StopSource&) {
    return AnswerWithState("deferred", ExitCode::kTemporary);
  };
  Step();
  port_.on_run = [](const JournaledRun&, StopSource&) { return AnswerWithState("done"); };
  Order(Direction::kDown, "-1");
  Step();
  StepAfter(settings_.retry_deferred * 2);
  EXPECT_THAT(port_.runs, ElementsAre("start up head", "api down -1"));
}

TEST_F(ReconcilerTest, AStandbyThatIsInterruptedGoesOnLater) {
  port_.on_run = [this](const JournaledRun& run, StopSource& stop) {
    journal_.SetPhase(run.id, RunPhase::kWaiting);
    journal_.Interrupt("shop");
    EXPECT_TRUE(stop.requested());
    return AnswerWithState("stopped", ExitCode::kTemporary);
  };
  const Tick tick = Step();
  ASSERT_EQ(journal_.Recent().size(), 1U);
  EXPECT_EQ(journal_.Recent()[0].phase, RunPhase::kQueued);
  EXPECT_LE(tick.wake, clock_.Now());
  port_.on_run = [this](const JournaledRun&, StopSource&) { return port_.Apply(); };
  Step();
  EXPECT_EQ(journal_.Recent().size(), 1U);
  EXPECT_EQ(journal_.Recent()[0].phase, RunPhase::kEnded);
}

TEST_F(ReconcilerTest, AStandbyThatIsInterruptedIsOverWhenTheFolderHasErrorsByThen) {
  port_.on_run = [this](const JournaledRun& run, StopSource&) {
    journal_.SetPhase(run.id, RunPhase::kWaiting);
    journal_.Interrupt("shop");
    return AnswerWithState("stopped", ExitCode::kTemporary);
  };
  Step();
  folder_.Write("b.up.sql", "-- revisess: a\nselect 1;\n");
  const Tick tick = Step({.folder_changed = true});
  EXPECT_THAT(port_.runs, ElementsAre("start up head"));
  EXPECT_EQ(tick.doing, "the migrations have errors; waits for better ones");
  ASSERT_EQ(journal_.Recent().size(), 1U);
  EXPECT_EQ(journal_.Recent()[0].phase, RunPhase::kEnded);
}

TEST_F(ReconcilerTest, WhatAPersonStoppedIsNotBegunAgain) {
  port_.on_run = [this](const JournaledRun& run, StopSource&) {
    journal_.RequestStop(run.id, false);
    return AnswerWithState("stopped", ExitCode::kTemporary);
  };
  Step();
  StepAfter(std::chrono::minutes(10));
  EXPECT_EQ(port_.runs.size(), 1U);
  EXPECT_EQ(journal_.Recent()[0].phase, RunPhase::kEnded);
}

TEST_F(ReconcilerTest, WhilePausedNothingIsBegun) {
  const Tick tick = Step({.pause = true});
  EXPECT_EQ(tick.doing, "paused: begins nothing until it is resumed");
  Order(Direction::kUp, "head");
  Step({.triggers = {RunSource::kSignal}});
  EXPECT_THAT(port_.runs, IsEmpty());
  Step({.pause = false});
  EXPECT_THAT(port_.runs, ElementsAre("api up head"));
}

TEST_F(ReconcilerTest, ARunThatIsTakenBackBeforeItBeganEnds) {
  const JournaledRun order = Order(Direction::kUp, "head");
  Step({.pause = true});
  journal_.RequestStop(order.id, false);
  Step();
  EXPECT_EQ(StatusOfRun(order.id), "ended");
  EXPECT_EQ(journal_.Find(order.id)->answer->exit_code, ExitCode::kTemporary);
}

TEST_F(ReconcilerTest, AnOrderForAFolderThatIsNotThereIsAnsweredAtOnce) {
  settings_.settings.folder = folder_.Path("missing");
  const JournaledRun order = Order(Direction::kUp, "head");
  Step();
  EXPECT_EQ(StatusOfRun(order.id), "ended");
  EXPECT_EQ(journal_.Find(order.id)->answer->exit_code, ExitCode::kCannotRead);
  EXPECT_THAT(port_.runs, IsEmpty());
}

// Faults: P12.
TEST_F(ReconcilerTest, TenThousandTriggersAreOneRun) {
  Step();
  port_.sight.pending = {"a"};
  Inbox inbox;
  for (int i = 0; i < 10'000; ++i) {
    inbox.Post([](Mail& mail) { mail.triggers.insert(RunSource::kSignal); });
  }
  Step(inbox.Take());
  Step(inbox.Take());
  EXPECT_THAT(port_.runs, ElementsAre("start up head", "signal up head"));
  EXPECT_THAT(port_.triggers, ElementsAre("signal"));
}

TEST_F(ReconcilerTest, AtTheEndNothingIsBegun) {
  Step({.end = true});
  EXPECT_THAT(port_.runs, IsEmpty());
}

// SIGTERM during somebody's order, with a wish of the agent's own behind it: that began after the
// end was asked for, and was not asked to stop.
TEST_F(ReconcilerTest, OnceTheEndIsAskedForNothingFollowsTheRunThatIsUnderWay) {
  const JournaledRun order = Order(Direction::kUp, "a");
  port_.on_run = [this](const JournaledRun&, StopSource&) {
    port_.forbids_to_begin = true;
    return AnswerWithState("done");
  };
  Step();
  EXPECT_THAT(port_.runs, ElementsAre("api up a"));
  EXPECT_EQ(StatusOfRun(order.id), "ended");
  port_.on_run = [this](const JournaledRun&, StopSource&) { return port_.Apply(); };
  port_.forbids_to_begin = false;
  Step();
  EXPECT_THAT(port_.runs, ElementsAre("api up a", "start up head"));
}

TEST_F(ReconcilerTest, ARunThatSaysStoppedUnaskedEnds) {
  port_.on_run = [](const JournaledRun&, StopSource&) {
    return AnswerWithState("stopped", ExitCode::kTemporary);
  };
  const Tick tick = Step();
  EXPECT_EQ(journal_.Recent()[0].phase, RunPhase::kEnded);
  EXPECT_GT(tick.wake, clock_.Now());
}

TEST_F(ReconcilerTest, HoweverManyWaitTheDatabaseIsAskedTwiceASecondAtMost) {
  port_.sight.pending.clear();
  Step();
  for (int i = 0; i < 10; ++i) Step({.refresh = true});
  EXPECT_EQ(port_.looks, 1);
  StepAfter(std::chrono::milliseconds(500));
  EXPECT_EQ(port_.looks, 2);
}

TEST_F(ReconcilerTest, WhatAnotherReplicaHasAppliedIsNoLongerSaidToBeDeferred) {
  port_.on_run = [](const JournaledRun&, StopSource&) { return AnswerWithState("deferred"); };
  EXPECT_THAT(Step().doing, HasSubstr("was deferred"));
  port_.Apply();
  EXPECT_EQ(StepAfter(settings_.refresh).doing, "up to date");
}

TEST_F(ReconcilerTest, SaysHowLongItsPictureSpeaksForTheDatabase) {
  settings_.refresh = std::chrono::seconds(1);
  Step();
  EXPECT_EQ(board_.Read()->fresh_for, std::chrono::seconds(15));
  settings_.refresh = std::chrono::minutes(2);
  Step({.settings = std::make_shared<const TargetSettings>(settings_)});
  EXPECT_EQ(board_.Read()->fresh_for, std::chrono::seconds(125));
}

TEST_F(ReconcilerTest, NewSettingsCountFromTheNextStepOn) {
  Step();
  TargetSettings other = settings_;
  other.refresh = std::chrono::seconds(77);
  const Tick tick = Step({.settings = std::make_shared<const TargetSettings>(other)});
  EXPECT_EQ(port_.used->refresh, std::chrono::seconds(77));
  EXPECT_LE(tick.wake, clock_.Now() + std::chrono::seconds(77));
  EXPECT_EQ(port_.looks, 3);
}

}  // namespace
}  // namespace lockstep
