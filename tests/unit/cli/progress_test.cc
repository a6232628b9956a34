#include "cli/progress.h"

#include <gtest/gtest.h>

#include <thread>
#include <utility>

namespace lockstep {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Time that stands still until a test moves it.
class StillClock : public Clock {
 public:
  SteadyTime Now() const override { return now_; }
  WallTime WallNow() const override { return {}; }
  bool SleepUntil(SteadyTime, std::stop_token) override { return false; }
  void Pass(Duration duration) { now_ += duration; }

 private:
  SteadyTime now_{};
};

Step SomeStep() {
  Step step;
  step.revision = "4c876238cdeb";
  step.description = "otp fields";
  step.script.transactional = false;
  return step;
}

StepReport AppliedReport() {
  StepReport report;
  report.result = Applied{};
  return report;
}

// Everything is written to a string, since the last look.
struct Screen {
  explicit Screen(bool terminal, int columns = 120)
      : progress({.write = [this](std::string_view text) { written += text; },
                  .terminal = terminal,
                  .columns = columns},
                 clock) {}
  std::string Take() { return std::exchange(written, ""); }

  std::string written;
  StillClock clock;
  Progress progress;
};

TEST(Progress, ATerminalHasOneLineThatIsRewritten) {
  Screen screen(true);
  screen.progress.OnStepBegin(SomeStep(), 2, 7);
  EXPECT_EQ(screen.Take(), "\r[3/7] [==>       ] 4c876238cdeb otp fields  0 s\x1b[K");
  screen.progress.OnStatement(SomeStep(), 1, 2, "CREATE INDEX CONCURRENTLY");
  screen.Take();
  screen.clock.Pass(milliseconds(12'900));
  screen.progress.OnStatementProgress(
      {.phase = "building index: scanning table", .fraction = 0.43});
  EXPECT_EQ(screen.Take(),
            "\r[3/7] [===>      ] 4c876238cdeb otp fields  CREATE INDEX CONCURRENTLY  "
            "building index: scanning table 43 %  12 s\x1b[K");
  screen.progress.OnRunEnd({});
  EXPECT_EQ(screen.Take(), "\r\x1b[K");
}

TEST(Progress, ElsewhereThereIsALineForEachThingThatBegins) {
  Screen screen(false);
  screen.progress.OnStepBegin(SomeStep(), 2, 7);
  screen.progress.OnStatement(SomeStep(), 1, 2, "CREATE INDEX CONCURRENTLY");
  screen.progress.OnStatementProgress({.phase = "building index", .fraction = 0.43});
  screen.progress.OnStepEnd(SomeStep(), AppliedReport());
  screen.progress.Tick();
  screen.progress.OnRunEnd({});
  EXPECT_EQ(screen.Take(),
            "[3/7] 4c876238cdeb otp fields\n"
            "[3/7] 4c876238cdeb statement 1 of 2: CREATE INDEX CONCURRENTLY\n"
            "[3/7] building index 43 %\n");
}

TEST(Progress, StatementsOfATransactionAreNotTold) {
  Screen screen(false);
  Step step = SomeStep();
  step.script.transactional = true;
  screen.progress.OnStepBegin(step, 0, 1);
  screen.Take();
  screen.progress.OnStatement(step, 1, 5, "CREATE TABLE");
  EXPECT_EQ(screen.Take(), "");
}

TEST(Progress, AStepDownSaysSo) {
  Screen screen(false);
  Step step = SomeStep();
  step.direction = Direction::kDown;
  screen.progress.OnStepBegin(step, 0, 1);
  EXPECT_EQ(screen.Take(), "[1/1] rolling back 4c876238cdeb otp fields\n");
}

TEST(Progress, TheSameIsSaidAgainOnlyAfterTenSeconds) {
  Screen screen(false);
  screen.progress.OnStepBegin(SomeStep(), 0, 1);
  screen.progress.OnStatementProgress({.phase = "building", .fraction = 0.1});
  screen.Take();
  screen.clock.Pass(seconds(9));
  screen.progress.OnStatementProgress({.phase = "building", .fraction = 0.2});
  EXPECT_EQ(screen.Take(), "");
  screen.clock.Pass(seconds(1));
  screen.progress.OnStatementProgress({.phase = "building", .fraction = 0.3});
  EXPECT_EQ(screen.Take(), "[1/1] building 30 %\n");
  screen.progress.OnStatementProgress({.phase = "sorting"});
  EXPECT_EQ(screen.Take(), "[1/1] sorting\n");
}

TEST(Progress, AWaitNamesWhoIsWaitedFor) {
  Screen screen(false);
  screen.progress.OnStepBegin(SomeStep(), 0, 1);
  screen.Take();
  screen.progress.OnStatementProgress({.blocker_pid = 7, .blocker = "pid 7 (report, user app)"});
  EXPECT_EQ(screen.Take(), "[1/1] waiting for pid 7 (report, user app)\n");
  screen.progress.OnStatementProgress({.blocker_pid = 8});
  EXPECT_EQ(screen.Take(), "[1/1] waiting for pid 8\n");
}

TEST(Progress, AWaitForTheMigrationLockNamesItsHolder) {
  const LockHolder holder{.pid = 4711, .application_name = "lockstep/upgrade", .user = "app"};
  Screen plain(false);
  plain.progress.OnWaitingForMigrationLock(holder, 3);
  plain.progress.OnWaitingForMigrationLock(holder, 4);
  const auto line = plain.Take();
  EXPECT_EQ(line,
            "waiting for the migration lock, held by " + ToText(holder) + "; waiting for 3 s\n");
  Screen terminal(true);
  terminal.progress.OnWaitingForMigrationLock(holder, 3);
  EXPECT_EQ(terminal.Take(),
            "\rwaiting for the migration lock, held by " + ToText(holder) + "  3 s\x1b[K");
  terminal.progress.OnMigrationLock(4);
  EXPECT_EQ(terminal.Take(), "\r\x1b[K");
}

TEST(Progress, ARetrySaysWhyAndForHowLong) {
  Screen screen(false);
  const SqlError error{.sqlstate = "55P03", .message = "canceling statement due to lock timeout"};
  screen.progress.OnRetry(SomeStep(), error, 1.5);
  EXPECT_EQ(screen.Take(),
            "4c876238cdeb: rolled back, canceling statement due to lock timeout [55P03]; next "
            "attempt in 1.5 s\n");
  screen.progress.OnRetry(SomeStep(), error, 0);
  EXPECT_TRUE(screen.Take().ends_with("; trying again at once\n"));
}

TEST(Progress, ASentenceStandsAboveTheLine) {
  Screen screen(true);
  screen.progress.OnStepBegin(SomeStep(), 0, 1);
  const auto line = screen.Take();
  screen.progress.OnMessage("a hook failed\nbadly");
  EXPECT_EQ(screen.Take(), "\r\x1b[Ka hook failed\nbadly\n" + line);
}

TEST(Progress, BackupsNoticesAndReconnectsAreTold) {
  Screen screen(false);
  screen.progress.OnBackup("/b/x.dump", 12'345'678);
  screen.progress.OnBackup("/b/y.dump", 1234);
  screen.progress.OnNotice({.severity = "WARNING", .sqlstate = "01000", .message = "careful"});
  screen.progress.OnReconnect("server closed the connection");
  EXPECT_EQ(screen.Take(),
            "backup written to '/b/x.dump' (12.3 MB)\n"
            "backup written to '/b/y.dump' (1.2 kB)\n"
            "warning: careful\n"
            "server closed the connection; connecting again\n");
}

TEST(Progress, TicksMoveTheSecondsOfADrawnLineOnly) {
  Screen screen(true);
  screen.progress.Tick();
  EXPECT_EQ(screen.Take(), "");
  screen.progress.OnStepBegin(SomeStep(), 0, 1);
  screen.Take();
  screen.clock.Pass(seconds(75));
  screen.progress.Tick();
  EXPECT_EQ(screen.Take(), "\r[1/1] [>         ] 4c876238cdeb otp fields  1 min 15 s\x1b[K");
}

TEST(Progress, ALongLineIsCutToTheTerminalAndKeepsItsSeconds) {
  Screen screen(true, 48);
  Step step = SomeStep();
  step.description = "日本語の説明がとても長いので切られる";
  screen.progress.OnStepBegin(step, 0, 1);
  EXPECT_EQ(screen.Take(), "\r[1/1] [>         ] 4c876238cdeb 日本語...  0 s\x1b[K");
}

TEST(Progress, TheFigureStaysWhenTheLineIsCut) {
  Screen screen(true, 60);
  screen.progress.OnStepBegin(SomeStep(), 0, 1);
  screen.progress.OnStatementProgress({.phase = "building index: scanning table", .fraction = 0.5});
  EXPECT_TRUE(screen.Take().ends_with(" otp fields  bu... 50 %  0 s\x1b[K"));
}

TEST(Progress, TheBarDoesNotGoBackWithANewPhase) {
  Screen screen(true);
  screen.progress.OnStepBegin(SomeStep(), 0, 1);
  screen.progress.OnStatementProgress({.phase = "building", .fraction = 0.8});
  screen.Take();
  screen.progress.OnStatementProgress({.phase = "validating", .fraction = 0.1});
  EXPECT_EQ(screen.Take(),
            "\r[1/1] [========> ] 4c876238cdeb otp fields  validating 10 %  0 s\x1b[K");
}

TEST(Progress, WhatIsShownAlreadyIsNotWrittenAgain) {
  Screen screen(true);
  screen.progress.OnStepBegin(SomeStep(), 0, 1);
  screen.Take();
  screen.progress.Tick();
  EXPECT_EQ(screen.Take(), "");
}

TEST(Progress, WhatComesFromFilesAndDatabaseCannotSteerTheTerminal) {
  for (const bool terminal : {false, true}) {
    Screen screen(terminal);
    Step step = SomeStep();
    step.description = "\x1b[2J";
    screen.progress.OnStepBegin(step, 0, 1);
    screen.progress.OnStatement(step, 1, 1, "\x1b[2J");
    screen.progress.OnStatementProgress({.phase = "\x1b[2J"});
    screen.progress.OnStatementProgress({.blocker_pid = 1, .blocker = "\x1b[2J"});
    screen.progress.OnNotice({.severity = "NOTICE", .sqlstate = "", .message = "\x1b[2J"});
    screen.progress.OnRetry(step, {.sqlstate = "", .message = "\x1b[2J"}, 1);
    screen.progress.OnWaitingForMigrationLock({.pid = 1, .application_name = "\x1b[2J"}, 1);
    screen.progress.OnMessage("\x1b[2J");
    EXPECT_EQ(screen.Take().find("\x1b[2J"), std::string::npos);
  }
}

TEST(Progress, RunAndObserverThreadMayCallAtOnce) {
  Screen screen(true);
  std::jthread observer([&] {
    for (int i = 0; i < 500; ++i) screen.progress.OnStatementProgress({.phase = "x"});
  });
  for (int i = 0; i < 500; ++i) screen.progress.OnStepBegin(SomeStep(), 0, 1);
  observer.join();
  EXPECT_NE(screen.Take().find("4c876238cdeb"), std::string::npos);
}

}  // namespace
}  // namespace lockstep
