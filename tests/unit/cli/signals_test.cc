#include "cli/signals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <csignal>
#include <mutex>
#include <optional>
#include <vector>

namespace lockstep {
namespace {

// A clock whose sleepers wake when the test says so.
class GateClock : public Clock {
 public:
  SteadyTime Now() const override { return {}; }
  WallTime WallNow() const override { return {}; }
  bool SleepUntil(SteadyTime until, std::stop_token stop) override {
    std::unique_lock lock(mutex_);
    asked_ = until;
    return changed_.wait(lock, stop, [this] { return open_; });
  }
  void Open() {
    const std::lock_guard guard(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  std::optional<SteadyTime> asked() const { return asked_; }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool open_ = false;
  std::optional<SteadyTime> asked_;
};

// Waits for the event itself: the stop request.
void WaitForStop(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock(mutex);
  changed.wait(lock, stop, [] { return false; });
}

struct Rules {
  StopSource source;
  GateClock clock;
  std::vector<std::string> said;
  StopRules rules{source, clock,
                  [this](std::string_view sentence) { said.emplace_back(sentence); }};

  bool after_current() const { return source.tokens().after_current.stop_requested(); }
  bool now() const { return source.tokens().now.stop_requested(); }
};

TEST(StopRules, TheFirstInterruptFinishesTheMigrationAndTheSecondCancelsIt) {
  Rules rules;
  EXPECT_EQ(rules.rules.On(SIGINT), StopRules::Next::kGoOn);
  EXPECT_TRUE(rules.after_current());
  EXPECT_FALSE(rules.now());
  EXPECT_THAT(rules.said, testing::ElementsAre("stopping after the current migration; press Ctrl-C "
                                               "again to cancel it now"));
  EXPECT_EQ(rules.rules.On(SIGINT), StopRules::Next::kGoOn);
  EXPECT_TRUE(rules.now());
}

TEST(StopRules, TheThirdSignalLeavesWithoutWaiting) {
  Rules rules;
  rules.rules.On(SIGINT);
  rules.rules.On(SIGTERM);
  EXPECT_EQ(rules.rules.On(SIGINT), StopRules::Next::kLeave);
}

TEST(StopRules, TerminationCancelsWhenTheGraceIsOver) {
  for (const int signal : {SIGTERM, SIGHUP}) {
    Rules rules;
    rules.rules.On(signal);
    EXPECT_TRUE(rules.after_current());
    EXPECT_FALSE(rules.now());
    EXPECT_THAT(rules.said, testing::ElementsAre(testing::HasSubstr("cancelled in 25 s")));
    rules.clock.Open();
    WaitForStop(rules.source.tokens().now);
    EXPECT_TRUE(rules.now());
    EXPECT_EQ(rules.clock.asked(), SteadyTime(std::chrono::seconds(25)));
  }
}

TEST(StopRules, ASecondTerminationDoesNotWaitForTheGrace) {
  Rules rules;
  rules.rules.On(SIGTERM);
  rules.rules.On(SIGTERM);
  EXPECT_TRUE(rules.now());
}

TEST(StopRules, QuitCancelsAtOnce) {
  Rules rules;
  EXPECT_EQ(rules.rules.On(SIGQUIT), StopRules::Next::kGoOn);
  EXPECT_TRUE(rules.now());
}

TEST(StopRules, TheGraceEndsWithTheRun) {
  auto rules = std::make_unique<Rules>();
  rules->rules.On(SIGTERM);
  const auto tokens = rules->source.tokens();
  rules.reset();
  EXPECT_FALSE(tokens.now.stop_requested());
}

TEST(SignalWatcher, SignalsOfTheProcessReachTheRules) {
  Rules rules;
  const SignalWatcher watcher(rules.rules);
  kill(getpid(), SIGINT);
  WaitForStop(rules.source.tokens().after_current);
  EXPECT_FALSE(rules.now());
  kill(getpid(), SIGTERM);
  WaitForStop(rules.source.tokens().now);
  EXPECT_TRUE(rules.now());
}

TEST(SignalWatcher, EndsWithoutASignal) {
  Rules rules;
  { const SignalWatcher watcher(rules.rules); }
  EXPECT_FALSE(rules.after_current());
}

}  // namespace
}  // namespace lockstep
