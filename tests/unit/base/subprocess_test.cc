#include "base/subprocess.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/child_process.h"
#include "base/error.h"

namespace lockstep {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

SubprocessRequest Command(std::vector<std::string> command) {
  SubprocessRequest request;
  request.command = std::move(command);
  return request;
}

SubprocessRequest Shell(const std::string& script) { return Command({"/bin/sh", "-c", script}); }

std::string MessageOf(const SubprocessRequest& request) {
  try {
    RunSubprocess(request);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kSubprocess);
    return error.what();
  }
  return "started";
}

// A FIFO that the program under test writes to when it is as far as the test wants it.
class Milestone {
 public:
  Milestone() {
    std::string folder = (std::filesystem::temp_directory_path() / "milestone-XXXXXX").string();
    folder_ = ::mkdtemp(folder.data());
    ::mkfifo(path().c_str(), 0600);
  }
  ~Milestone() { std::filesystem::remove_all(folder_); }

  std::string path() const { return folder_ + "/fifo"; }
  // The first line; waits for it.
  std::string Await() const {
    std::ifstream fifo(path());
    std::string line;
    std::getline(fifo, line);
    return line;
  }

 private:
  std::string folder_;
};

TEST(SubprocessTest, KeepsBothStreamsApart) {
  const auto result = RunSubprocess(Shell("echo out; echo err >&2"));
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(result.output, "out\n");
  EXPECT_EQ(result.error_output, "err\n");
}

TEST(SubprocessTest, TellsTheExitCode) {
  const auto result = RunSubprocess(Shell("exit 7"));
  EXPECT_EQ(result.exit_code, 7);
  EXPECT_FALSE(result.ok());
  EXPECT_FALSE(result.timed_out);
}

TEST(SubprocessTest, TellsTheSignalThatEndedTheProgram) {
  EXPECT_EQ(RunSubprocess(Shell("kill -SEGV $$")).exit_code, 128 + SIGSEGV);
}

TEST(SubprocessTest, FindsANameInPath) {
  EXPECT_TRUE(RunSubprocess(Command({"true"})).ok());
  EXPECT_EQ(FindProgram("sh").value_or("").back(), 'h');
  EXPECT_EQ(FindProgram("no-such-program-here"), std::nullopt);
  EXPECT_EQ(FindProgram("/etc"), std::nullopt);
  EXPECT_EQ(FindProgram("/etc/passwd"), std::nullopt);
}

TEST(SubprocessTest, NamesTheProgramThatDoesNotExist) {
  EXPECT_THAT(MessageOf(Command({"/no/such/program"})),
              HasSubstr("'/no/such/program' cannot be started: No such file"));
  EXPECT_THAT(MessageOf(Command({"no-such-program-here"})),
              HasSubstr("'no-such-program-here' cannot be started: it is in no folder of PATH"));
  EXPECT_THAT(MessageOf(Command({"/etc/passwd"})), HasSubstr("Permission denied"));
}

TEST(SubprocessTest, NamesTheFolderThatDoesNotExist) {
  auto request = Shell("true");
  request.working_directory = "/no/such/folder";
  EXPECT_THAT(MessageOf(request), HasSubstr("its folder '/no/such/folder' cannot be entered"));
}

TEST(SubprocessTest, RunsInTheFolderThatIsAskedFor) {
  auto request = Shell("pwd");
  request.working_directory = "/usr";
  EXPECT_EQ(RunSubprocess(request).output, "/usr\n");
}

TEST(SubprocessTest, GivesACleanEnvironmentAndWhatIsAdded) {
  ::setenv("LOCKSTEP_TEST_LEAK", "secret", 1);
  auto request = Shell("env | sed 's/=.*//' | sort | tr '\\n' ' '; echo $MINE $LANG");
  request.environment = {{"MINE", "a b"}, {"LANG", "C"}};
  EXPECT_EQ(RunSubprocess(request).output, "HOME LANG MINE PATH PWD a b C\n");
  ::unsetenv("LOCKSTEP_TEST_LEAK");
}

TEST(SubprocessTest, KeepsTheFirstBytesOfAFloodAndReadsTheRest) {
  auto request = Shell("head -c 5000000 /dev/zero; head -c 5000000 /dev/zero >&2; exit 3");
  request.output_limit = 1000;
  const auto result = RunSubprocess(request);
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(result.output, std::string(1000, '\0'));
  EXPECT_EQ(result.error_output.size(), 1000);
}

TEST(SubprocessTest, PassesAHugeInputWhileTheProgramWrites) {
  auto request = Command({"cat"});
  request.standard_input = std::string(8 << 20, 'x');
  request.output_limit = 16 << 20;
  EXPECT_EQ(RunSubprocess(request).output, request.standard_input);
}

TEST(SubprocessTest, EndsAnEmptyInputAtOnce) { EXPECT_TRUE(RunSubprocess(Command({"cat"})).ok()); }

TEST(SubprocessTest, SurvivesAProgramThatClosesItsInputEarly) {
  auto request = Shell("exec <&-; echo fine");
  request.standard_input = std::string(8 << 20, 'x');
  const auto result = RunSubprocess(request);
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(result.output, "fine\n");
}

TEST(SubprocessTest, LeavesNoSigpipeBehind) {
  auto request = Shell("exit 0");
  request.standard_input = std::string(8 << 20, 'x');
  RunSubprocess(request);
  sigset_t pending, blocked;
  ::sigpending(&pending);
  ::pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
  EXPECT_EQ(sigismember(&pending, SIGPIPE), 0);
  EXPECT_EQ(sigismember(&blocked, SIGPIPE), 0);
}

TEST(SubprocessTest, AProgramHasTheStandardSignals) {
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t term;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &term, nullptr);
  const auto result = RunSubprocess(Shell("grep -E 'Sig(Blk|Ign)' /proc/self/status"));
  ::pthread_sigmask(SIG_UNBLOCK, &term, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  EXPECT_EQ(result.output, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST(SubprocessTest, AProgramInheritsNoDescriptor) {
  const int leak = ::fcntl(0, F_DUPFD, 77);  // without the close-on-exec flag, as a library might
  const auto result = RunSubprocess(Shell("test -e /proc/$$/fd/" + std::to_string(leak)));
  ::close(leak);
  EXPECT_EQ(result.exit_code, 1);
}

TEST(SubprocessTest, EndsAProgramThatHangs) {
  auto request = Command({"sleep", "1000"});
  request.timeout = milliseconds(1);
  const auto result = RunSubprocess(request);
  EXPECT_TRUE(result.timed_out);
  EXPECT_FALSE(result.stopped);
  EXPECT_FALSE(result.ok());
  EXPECT_EQ(result.exit_code, 128 + SIGTERM);
}

TEST(SubprocessTest, EndsTheWholeGroupOfAProgramThatHangs) {
  auto request = Shell("sleep 1000 & echo $!; wait; echo not reached");
  request.timeout = milliseconds(200);
  EXPECT_TRUE(RunSubprocess(request).timed_out);
}

// Runs the script, which writes to `milestone` when it is to be stopped.
SubprocessResult RunUntil(const Milestone& milestone, const std::string& script) {
  std::stop_source stop;
  std::jthread stopper([&] {
    milestone.Await();
    stop.request_stop();
  });
  return RunSubprocess(Shell(script), stop.get_token());
}

TEST(SubprocessTest, AStopRequestEndsTheProgram) {
  const Milestone running;
  const auto result = RunUntil(running, "echo x >" + running.path() + "; exec sleep 1000");
  EXPECT_TRUE(result.stopped);
  EXPECT_FALSE(result.timed_out);
  EXPECT_FALSE(result.ok());
  EXPECT_EQ(result.exit_code, 128 + SIGTERM);
}

TEST(SubprocessTest, KillsAProgramThatIgnoresTheRequestToEnd) {
  const Milestone running;
  const auto result =
      RunUntil(running, "trap '' TERM; echo x >" + running.path() + "; sleep 1000; sleep 1000");
  EXPECT_TRUE(result.stopped);
  EXPECT_FALSE(result.timed_out);
  EXPECT_EQ(result.exit_code, 128 + SIGKILL);
}

TEST(SubprocessTest, AStopRequestOfBeforeCountsToo) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_TRUE(RunSubprocess(Shell("sleep 1000"), stop.get_token()).stopped);
}

TEST(SubprocessTest, LeavesNothingOfItsGroupBehind) {
  const auto result = RunSubprocess(Shell("sleep 1000 & echo $!"));
  EXPECT_TRUE(result.ok());
  const Descriptor grandchild = OpenProcess(static_cast<pid_t>(std::stol(result.output)));
  if (!grandchild.open()) return;  // already gone
  pollfd ended{grandchild.get(), POLLIN, 0};
  EXPECT_EQ(::poll(&ended, 1, 60'000), 1);
}

TEST(SubprocessTest, DoesNotReadForEverFromAGrandchildOutsideTheGroup) {
  const Milestone escaped;
  const std::string fifo = escaped.path();
  // Once nobody reads its output, `yes` ends by itself.
  const auto result = RunSubprocess(
      Shell("setsid sh -c 'echo out >" + fifo + "; exec yes' & cat " + fifo + " >&2"));
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(result.error_output, "out\n");
}

TEST(SubprocessTest, WorksWithTheStandardStreamsClosed) {
  const int saved = ::dup(0);
  ::close(0);
  const auto result = RunSubprocess(Shell("echo out; echo err >&2; cat"));
  ::dup2(saved, 0);
  ::close(saved);
  EXPECT_EQ(result.output, "out\n");
  EXPECT_EQ(result.error_output, "err\n");
}

TEST(SubprocessTest, OnlyRootBecomesAnotherUser) {
  auto request = Shell("id -u");
  request.run_as_uid = 65534;
  if (::geteuid() == 0) {
    EXPECT_EQ(RunSubprocess(request).output, "65534\n");
  } else {
    EXPECT_THAT(MessageOf(request), HasSubstr("cannot run as the user 65534"));
  }
  request.run_as_uid = 4'000'000'000;
  EXPECT_THAT(MessageOf(request), HasSubstr("no user with the uid 4000000000"));
}

}  // namespace
}  // namespace lockstep
