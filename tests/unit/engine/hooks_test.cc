#include "engine/hooks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class HooksTest : public testing::Test {
 protected:
  HooksTest() {
    std::string path = (fs::temp_directory_path() / "hooks-XXXXXX").string();
    folder_ = ::mkdtemp(path.data());
  }
  ~HooksTest() override { fs::remove_all(folder_); }

  std::string Path(const std::string& name) const { return folder_ + "/" + name; }

  std::string Program(const std::string& name, const std::string& script) const {
    std::ofstream(Path(name)) << "#!/bin/sh\n" << script << "\n";
    ::chmod(Path(name).c_str(), 0700);
    return Path(name);
  }

  static HookSettings Settings(const std::vector<std::string>& command) {
    HookSettings settings;
    settings.commands[HookPoint::kBeforeRun] = command;
    return settings;
  }

  HookResult Run(const std::string& script, const json::object& facts = {}) const {
    return *RunHook(Settings({Program("hook", script), "first", "second one"}),
                    HookPoint::kBeforeRun, facts, {});
  }

  static std::string Refusal(const std::string& path) {
    try {
      CheckHooks(Settings({path}));
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadSettings);
      return error.what();
    }
    return "accepted";
  }

  std::string folder_;
};

TEST_F(HooksTest, APointWithoutAHookRunsNothing) {
  EXPECT_EQ(RunHook({}, HookPoint::kOnFailure, {}, {}), std::nullopt);
}

TEST_F(HooksTest, GetsItsArgumentsWithoutAShell) {
  EXPECT_EQ(Run("printf '%s|' \"$@\"").output, "first|second one|");
}

TEST_F(HooksTest, GetsTheFactsAsJson) {
  const json::object facts = {{"revision", "68db"}, {"heads", {"a", "b"}}};
  EXPECT_EQ(Run("cat", facts).output, R"({"revision":"68db","heads":["a","b"]}\n)");
}

TEST_F(HooksTest, GetsTheFactsInItsEnvironment) {
  const json::object facts = {{"revision", "a b"}, {"run-id", 7}, {"seconds", 0.5}, {"list", {1}}};
  const std::string show =
      "echo $LOCKSTEP_HOOK,$LOCKSTEP_REVISION,$LOCKSTEP_RUN_ID,$LOCKSTEP_LIST.";
  EXPECT_EQ(Run(show, facts).output, "before_run,a b,7,.\\n");
}

TEST_F(HooksTest, GetsNothingElseFromUs) {
  ::setenv("PGPASSWORD", "canary", 1);
  EXPECT_EQ(Run("echo \"[$PGPASSWORD]\"").output, "[]\\n");
  ::unsetenv("PGPASSWORD");
}

TEST_F(HooksTest, SuccessHasNoProblem) {
  const HookResult result = Run("echo fine; echo also >&2");
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(result.output, "fine\\nalso\\n");
}

TEST_F(HooksTest, NamesTheHookThatFails) {
  const HookResult result = Run("printf '\\033[31mno'; exit 3");
  EXPECT_FALSE(result.ok());
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(result.problem,
            "the before_run hook '" + Path("hook") + "' ended with exit code 3: \\x1b[31mno");
  EXPECT_EQ(result.output, "\\x1b[31mno");
}

// Faults: P18.
TEST_F(HooksTest, NamesTheSignalThatEndedTheHook) {
  EXPECT_THAT(Run("kill -KILL $$").problem, HasSubstr("was ended by signal 9"));
}

// Faults: P18.
TEST_F(HooksTest, AHookThatHangsIsAProblem) {
  HookSettings settings = Settings({Program("hook", "exec sleep 1000")});
  settings.timeout = std::chrono::milliseconds(200);
  const auto result = RunHook(settings, HookPoint::kBeforeRun, {}, {});
  EXPECT_TRUE(result->timed_out);
  EXPECT_THAT(result->problem, HasSubstr("did not end within 0.2 s"));
}

TEST_F(HooksTest, AStoppedHookIsAProblem) {
  std::stop_source stop;
  stop.request_stop();
  const auto result = RunHook(Settings({Program("hook", "exec sleep 1000")}), HookPoint::kBeforeRun,
                              {}, stop.get_token());
  EXPECT_THAT(result->problem, HasSubstr("was stopped"));
}

TEST_F(HooksTest, AHookThatIsGoneIsAProblemAndNoException) {
  const auto result = RunHook(Settings({Path("gone")}), HookPoint::kBeforeRun, {}, {});
  EXPECT_THAT(result->problem, HasSubstr("'" + Path("gone") + "' cannot be started: No such file"));
  EXPECT_EQ(result->exit_code, -1);
}

// Faults: P18.
TEST_F(HooksTest, AFloodIsCapped) {
  EXPECT_LE(Run("head -c 10000000 /dev/zero | tr '\\0' x").output.size(), 64U << 10);
}

TEST_F(HooksTest, AcceptsAProgramOfOurs) {
  EXPECT_EQ(Refusal(Program("hook", "true")), "accepted");
  EXPECT_EQ(Refusal("/bin/sh"), "accepted");
}

TEST_F(HooksTest, RefusesWhatIsNoAbsolutePath) {
  EXPECT_THAT(Refusal("notify"), HasSubstr("'notify' for before_run cannot be used: it is not an "
                                           "absolute path"));
  EXPECT_THROW(CheckHooks(Settings({})), Error);
}

TEST_F(HooksTest, RefusesWhatDoesNotExist) {
  EXPECT_THAT(Refusal(Path("gone")), HasSubstr("No such file or directory"));
}

TEST_F(HooksTest, RefusesWhatCannotBeExecuted) {
  const std::string path = Program("hook", "true");
  ::chmod(path.c_str(), 0600);
  EXPECT_THAT(Refusal(path), HasSubstr("it is not an executable file"));
  EXPECT_THAT(Refusal(folder_), HasSubstr("it is not an executable file"));
}

TEST_F(HooksTest, RefusesAProgramThatOthersMayWrite) {
  const std::string path = Program("hook", "true");
  ::chmod(path.c_str(), 0720);
  EXPECT_THAT(Refusal(path), HasSubstr("'" + path + "' is writable by group or others"));
  ::chmod(path.c_str(), 0702);
  EXPECT_THAT(Refusal(path), HasSubstr("is writable by group or others"));
}

TEST_F(HooksTest, RefusesAProgramInAFolderThatOthersMayWrite) {
  fs::create_directory(Path("open"));
  const std::string path = Program("open/hook", "true");
  ::chmod(Path("open").c_str(), 0777);
  EXPECT_THAT(Refusal(path), HasSubstr("'" + Path("open") + "' is writable by group or others"));
}

TEST_F(HooksTest, RefusesALinkThatLeadsThroughAFolderThatOthersMayWrite) {
  fs::create_directory(Path("open"));
  fs::create_symlink(Program("hook", "true"), Path("open/middle"));
  fs::create_symlink("open/middle", Path("link"));
  EXPECT_EQ(Refusal(Path("link")), "accepted");
  ::chmod(Path("open").c_str(), 0777);
  EXPECT_THAT(Refusal(Path("link")), HasSubstr("is writable by group or others"));
}

TEST_F(HooksTest, RefusesLinksInACircle) {
  fs::create_symlink("b", Path("a"));
  fs::create_symlink("a", Path("b"));
  EXPECT_THAT(Refusal(Path("a")), HasSubstr("too many links"));
}

TEST_F(HooksTest, RefusesAProgramOfAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  const std::string path = Program("hook", "true");
  ASSERT_EQ(::chown(path.c_str(), 65534, 65534), 0);
  EXPECT_THAT(Refusal(path), HasSubstr("belongs to the user 65534"));
}

}  // namespace
}  // namespace lockstep
