#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "base/child_process.h"
#include "base/error.h"
#include "postgres/sandbox.h"
#include "postgres/session.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string Value(const ConnectionUrl& url, const std::string& query) {
  return OpenSession(url, {}).session->Query(query).Text(0, 0);
}

pid_t ServerOf(const std::string& directory) {
  pid_t pid = 0;
  std::ifstream(directory + "/data/postmaster.pid") >> pid;
  return pid;
}

bool Ends(const Descriptor& process) {
  pollfd ended{process.get(), POLLIN, 0};
  return ::poll(&ended, 1, 60'000) == 1;
}

class SandboxTest : public testing::Test {
 protected:
  SandboxTest() {
    // Where the server's user may go, too.
    std::string path = "/tmp/sandbox-test-XXXXXX";
    folder_ = ::mkdtemp(path.data());
    ::chmod(folder_.c_str(), 0755);
  }
  ~SandboxTest() override { fs::remove_all(folder_); }

  std::string Refusal(const SandboxOptions& options) const {
    try {
      const Sandbox sandbox(options);
    } catch (const Error& error) {
      return error.what();
    }
    return "started";
  }

  std::string folder_;
};

TEST_F(SandboxTest, ServesAndGoes) {
  std::string directory;
  Descriptor server;
  {
    const Sandbox sandbox;
    directory = sandbox.directory();
    server = OpenProcess(ServerOf(directory));
    EXPECT_EQ(Value(sandbox.url(), "show wal_level"), "replica");
    EXPECT_EQ(Value(sandbox.url(), "show max_connections"), "200");
    EXPECT_EQ(Value(sandbox.url(), "show max_prepared_transactions"), "10");
    EXPECT_EQ(Value(sandbox.url(), "show server_encoding"), "UTF8");
    EXPECT_EQ(Value(sandbox.url(), "select datcollate from pg_database"), "C.UTF-8");
    EXPECT_EQ(Value(sandbox.url().With("host", directory), "select current_user"), "postgres");
    EXPECT_FALSE(fs::exists(directory + "/password"));
  }
  pollfd ended{server.get(), POLLIN, 0};
  EXPECT_EQ(::poll(&ended, 1, 0), 1);
  EXPECT_FALSE(fs::exists(directory));
}

TEST_F(SandboxTest, WantsItsPassword) {
  const Sandbox sandbox;
  EXPECT_THROW(OpenSession(sandbox.url().With("password", "wrong"), {}), Error);
}

TEST_F(SandboxTest, TwoDoNotMeet) {
  const Sandbox a, b;
  EXPECT_NE(a.url().Get("port"), b.url().Get("port"));
  EXPECT_EQ(Value(a.url(), "select 1"), "1");
  EXPECT_EQ(Value(b.url(), "select 1"), "1");
}

TEST_F(SandboxTest, EndsWithWhatStartedIt) {
  SandboxOptions options;
  options.directory = folder_ + "/s";
  std::unique_ptr<Sandbox> sandbox;
  // Death of the starting thread is what the kernel looks at, killed or not.
  std::jthread([&] { sandbox = std::make_unique<Sandbox>(options); }).join();
  const Descriptor server = OpenProcess(ServerOf(options.directory));
  EXPECT_TRUE(!server.open() || Ends(server));
}

TEST_F(SandboxTest, ADetachedOneStaysUntilItIsStopped) {
  SandboxOptions options;
  options.directory = folder_ + "/s";
  options.detach = true;
  ConnectionUrl url;
  std::jthread([&] { url = Sandbox(options).url(); }).join();
  EXPECT_EQ(Value(url, "select 1"), "1");
  EXPECT_TRUE(StopSandbox(options.directory));
  EXPECT_FALSE(fs::exists(options.directory));
  EXPECT_FALSE(StopSandbox(options.directory));
}

TEST_F(SandboxTest, WithoutAServerADirectoryIsOnlyRemoved) {
  SandboxOptions options;
  options.directory = folder_ + "/s";
  options.remove = false;
  { const Sandbox sandbox(options); }
  EXPECT_TRUE(fs::exists(options.directory + "/data/PG_VERSION"));
  EXPECT_FALSE(StopSandbox(options.directory));
  EXPECT_FALSE(fs::exists(options.directory));
}

TEST_F(SandboxTest, AForeignDirectoryIsNotTouched) {
  std::ofstream(folder_ + "/precious") << "x";
  EXPECT_THROW(StopSandbox(folder_), Error);
  SandboxOptions options;
  options.directory = folder_;
  EXPECT_THAT(Refusal(options), HasSubstr("is not empty"));
  EXPECT_TRUE(fs::exists(folder_ + "/precious"));
}

TEST_F(SandboxTest, StopsNoProcessThatOnlyHasTheServersNumber) {
  fs::create_directories(folder_ + "/s/data");
  std::ofstream(folder_ + "/s/lockstep-sandbox") << "x";
  std::ofstream(folder_ + "/s/data/postmaster.pid") << ::getpid() << "\n";
  EXPECT_FALSE(StopSandbox(folder_ + "/s"));
}

TEST_F(SandboxTest, ALongPathOnlyCostsTheSocket) {
  SandboxOptions options;
  options.directory = folder_ + "/" + std::string(100, 's');
  const Sandbox sandbox(options);
  EXPECT_EQ(Value(sandbox.url(), "show unix_socket_directories"), "");
}

TEST_F(SandboxTest, APathMayHoldAnything) {
  SandboxOptions options;
  options.directory = folder_ + "/a, \"b\"'\\c";
  const Sandbox sandbox(options);
  EXPECT_EQ(Value(sandbox.url(), "select 1"), "1");
  EXPECT_TRUE(fs::exists(options.directory + "/.s.PGSQL." + sandbox.url().Get("port")));
}

TEST_F(SandboxTest, NamesWhatIsNotInstalled) {
  SandboxOptions options;
  options.directory = folder_ + "/s";
  options.bin_dir = folder_;
  EXPECT_EQ(Refusal(options), "PostgreSQL's 'initdb' was not found in '" + folder_ + "'");
  EXPECT_FALSE(fs::exists(options.directory));
}

// Programs in PostgreSQL's place.
class BrokenSandboxTest : public SandboxTest {
 protected:
  BrokenSandboxTest() {
    Program("initdb", "for last; do :; done; mkdir \"$last\"");
    Program("postgres", "exit 1");
    options_.bin_dir = folder_;
    options_.directory = folder_ + "/s";
  }

  void Program(const std::string& name, const std::string& script) const {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path) << "#!/bin/sh\n" << script << "\n";
    ::chmod(path.c_str(), 0755);
  }

  SandboxOptions options_;
};

TEST_F(BrokenSandboxTest, SaysWhatInitdbSaysAndLeavesNothing) {
  Program("initdb", "echo 'no memory' >&2; exit 1");
  EXPECT_THAT(Refusal(options_), HasSubstr("initdb failed for the sandbox in '" +
                                           options_.directory + "': no memory"));
  EXPECT_FALSE(fs::exists(options_.directory));
}

TEST_F(BrokenSandboxTest, SaysWhatTheServerSaysAndLeavesNothing) {
  Program("postgres", "echo 'no semaphores' >&2; exit 1");
  EXPECT_THAT(Refusal(options_), HasSubstr("ended at once: no semaphores"));
  EXPECT_FALSE(fs::exists(options_.directory));
}

TEST_F(BrokenSandboxTest, TriesAnotherPortWhenOneIsTaken) {
  Program("postgres", "echo x >>" + options_.directory + "/data/tries; [ $(wc -l <" +
                          options_.directory +
                          "/data/tries) -lt 3 ] || { echo enough >&2; exit 1; }; "
                          "echo 'could not bind IPv4 address' >&2; exit 1");
  EXPECT_THAT(Refusal(options_), HasSubstr("ended at once: enough"));
}

TEST_F(BrokenSandboxTest, GivesUpWhenEveryPortIsTaken) {
  Program("postgres", "echo 'could not bind IPv4 address' >&2; exit 1");
  EXPECT_THAT(Refusal(options_), HasSubstr("found every port taken"));
}

}  // namespace
}  // namespace lockstep
