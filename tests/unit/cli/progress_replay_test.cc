// A run that an agent makes looks like one of our own.
#include <gtest/gtest.h>

#include "cli/progress.h"
#include "commands/run_events.h"

namespace lockstep {
namespace {

using std::chrono::seconds;

// Time that stands still until the test moves it.
class StillClock : public Clock {
 public:
  SteadyTime Now() const override { return now_; }
  WallTime WallNow() const override { return {}; }
  bool SleepUntil(SteadyTime, std::stop_token) override { return false; }
  void Pass(Duration duration) { now_ += duration; }

 private:
  SteadyTime now_{};
};

struct Screen {
  Screen(bool terminal, Clock& clock)
      : progress({.write = [this](std::string_view text) { written += text; },
                  .terminal = terminal,
                  .columns = 100,
                  .paint = Paint(terminal)},
                 clock) {}

  std::string written;
  Progress progress;
};

Step StepOf(const std::string& revision, bool transactional) {
  Step step;
  step.revision = revision;
  step.description = "of " + revision;
  step.script.transactional = transactional;
  return step;
}

Blocker Reporting() {
  Blocker blocker;
  blocker.pid = 4711;
  blocker.application_name = "reporting";
  blocker.state = "idle in transaction";
  blocker.transaction_age_seconds = 720;
  blocker.mode = "ACCESS SHARE";
  blocker.relation = "public.orders";
  blocker.query = "select 1";
  blocker.kind = BlockerKind::kIdleInTransaction;
  return blocker;
}

StepReport ReportOf(StepResult result) {
  StepReport report;
  report.result = std::move(result);
  return report;
}

void RunScript(RunObserver& observer, StillClock& clock) {
  const Step first = StepOf("68db6a7fba94", true), second = StepOf("4c876238cdeb", false);
  observer.OnWaitingForMigrationLock(
      {.pid = 12, .application_name = "lockstep/upgrade", .backend_age_seconds = 5}, 1.5);
  clock.Pass(seconds(11));
  observer.OnWaitingForMigrationLock({.pid = 12, .application_name = "lockstep/upgrade"}, 12.5);
  observer.OnMigrationLock(13);
  observer.OnPlan({.steps = {first, second}});
  observer.OnBackup("/var/backups/a.dump", 12'345'678);
  observer.OnStepBegin(first, 0, 2);
  observer.OnStatement(first, 1, 3, "");
  observer.OnBlocked(first, {Reporting(), Reporting()});
  clock.Pass(seconds(3));
  observer.OnRetry(first, {.sqlstate = "55P03", .message = "lock timeout"}, 0.5);
  observer.OnRetry(first, {.sqlstate = "40P01", .message = "deadlock"}, 0);
  observer.OnStepEnd(first, ReportOf(Applied{}));
  observer.OnStepBegin(second, 1, 2);
  observer.OnStatement(second, 1, 2, "CREATE INDEX CONCURRENTLY");
  observer.OnStatementProgress({.phase = "waiting", .blocker_pid = 7, .blocker = "pid 7"});
  observer.OnStatementProgress({.phase = "building index", .fraction = 0.43});
  observer.OnNotice({"NOTICE", "00000", "\x1b[31mred"});
  observer.OnReconnect("the connection was lost");
  observer.OnMessage("two lines\nof it");
  observer.OnStepEnd(second, ReportOf(Failed{{.error = {.message = "no"}}}));
  observer.OnRunEnd({.state = RunState::kFailed});
}

class ProgressReplay : public ::testing::TestWithParam<bool> {};

TEST_P(ProgressReplay, PrintsWhatARunOfItsOwnPrints) {
  StillClock direct_clock, agent_clock;
  Screen direct(GetParam(), direct_clock), replayed(GetParam(), agent_clock);
  RunScript(direct.progress, direct_clock);
  RunEventWriter writer(agent_clock, [&](const json::object& event) {
    ReplayRunEvent(json::parse(json::serialize(event)).as_object(), replayed.progress);
  });
  RunScript(writer, agent_clock);
  EXPECT_EQ(replayed.written, direct.written);
  EXPECT_NE(direct.written.find("CREATE INDEX CONCURRENTLY"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(OnATerminalAndElsewhere, ProgressReplay, ::testing::Bool());

// 30 years are no duration that anybody can reckon with, and 1e300 seconds overflow.
TEST(ProgressReplay, DurationsOfAHostileAgentAreHarmless) {
  StillClock clock;
  Screen screen(true, clock);
  for (const char* event : {R"({"event":"step_begin","revision":"a","step":1,"steps":1})",
                            R"({"event":"waiting_for_migration_lock","waited_seconds":1e300})",
                            R"({"event":"retry","pause_seconds":1e300})",
                            R"({"event":"statement_progress","fraction":1e300})"}) {
    ReplayRunEvent(json::parse(event).as_object(), screen.progress);
  }
  EXPECT_NE(screen.written.find(" 100 %"), std::string::npos) << screen.written;
  EXPECT_EQ(screen.written.find("000000"), std::string::npos) << screen.written;
}

}  // namespace
}  // namespace lockstep
