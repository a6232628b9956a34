#include "base/fail_point.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "support/temporary_folder.h"

namespace lockstep {
namespace {

#ifdef LOCKSTEP_FAIL_POINTS

constexpr int kPassed = 0;
constexpr int kDropped = 7;
constexpr int kRefused = 8;
constexpr int kError = 9;

// What becomes of a process that is armed with `value` and passes `step` twice. A process of its
// own, since the variable is read once.
int StatusAfterTwoPassages(const char* value, const char* step) {
  const pid_t child = fork();
  if (child == 0) {
    setenv("LOCKSTEP_FAIL_POINT", value, 1);
    try {
      FailPoint(step);
      FailPoint(step);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kConnectionLost) _exit(kDropped);
      _exit(error.code() == ErrorCode::kSql ? kError : kRefused);
    }
    _exit(kPassed);
  }
  int status = 0;
  waitpid(child, &status, WUNTRACED);
  if (WIFSTOPPED(status)) {
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
  }
  return status;
}

int ExitCode(const char* value, const char* step) {
  const int status = StatusAfterTwoPassages(value, step);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(FailPoint, KillsTheProcess) {
  const int status = StatusAfterTwoPassages("after_lock:kill", "after_lock");
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
}

TEST(FailPoint, StopsTheProcess) {
  const int status = StatusAfterTwoPassages("after_lock:stop", "after_lock");
  ASSERT_TRUE(WIFSTOPPED(status));
  EXPECT_EQ(WSTOPSIG(status), SIGSTOP);
}

TEST(FailPoint, ThrowsALostConnection) { EXPECT_EQ(ExitCode("work:drop", "work"), kDropped); }

TEST(FailPoint, ThrowsAnError) { EXPECT_EQ(ExitCode("work:error", "work"), kError); }

TEST(FailPoint, SleepsAndGoesOn) {
  const SystemClock clock;
  const SteadyTime before = clock.Now();
  EXPECT_EQ(ExitCode("work:sleep:2:30", "work"), kPassed);
  EXPECT_GE(clock.Now() - before, std::chrono::milliseconds(30));
}

TEST(FailPoint, TellsThatItWasReached) {
  const TemporaryFolder folder;
  const std::string file = folder.path() + "/reached";
  setenv("LOCKSTEP_FAIL_POINT_FILE", file.c_str(), 1);
  ExitCode("work:kill:3", "work");
  EXPECT_FALSE(std::filesystem::exists(file));
  StatusAfterTwoPassages("work:kill", "work");
  EXPECT_TRUE(std::filesystem::exists(file));
  unsetenv("LOCKSTEP_FAIL_POINT_FILE");
}

TEST(FailPoint, ActsAtTheNamedStepOnly) {
  EXPECT_EQ(ExitCode("work:kill", "other"), kPassed);
  EXPECT_EQ(ExitCode("", "work"), kPassed) << "nothing is armed";
}

TEST(FailPoint, ActsAtTheNthPassageOnly) {
  EXPECT_EQ(ExitCode("work:drop:2", "work"), kDropped);
  EXPECT_EQ(ExitCode("work:drop:3", "work"), kPassed);
}

TEST(FailPoint, RefusesWhatItDoesNotUnderstand) {
  for (const char* value :
       {"work", "work:", "work:jump", ":kill", "work:kill:0", "work:kill:x", "work:kill:1:2",
        "work:kill:-1", "work:sleep:1:0", "work:sleep:1:2:3"}) {
    EXPECT_EQ(ExitCode(value, "work"), kRefused) << value;
  }
}

#else

TEST(FailPoint, DoesNothingInABuildWithoutThem) {
  setenv("LOCKSTEP_FAIL_POINT", "work:kill", 1);
  FailPoint("work");
  unsetenv("LOCKSTEP_FAIL_POINT");
}

#endif

}  // namespace
}  // namespace lockstep
