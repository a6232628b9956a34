#include "agent/control_socket.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "base/error.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

constexpr uid_t kSomebodyElse = 12345;

struct stat About(const std::string& path) {
  struct stat about {};
  EXPECT_EQ(::lstat(path.c_str(), &about), 0) << path;
  return about;
}

mode_t ModeOf(const std::string& path) { return About(path).st_mode & 07777; }

sockaddr_un AddressOf(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}

Descriptor Bound(const std::string& path, int type = SOCK_STREAM) {
  Descriptor socket(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  const sockaddr_un address = AddressOf(path);
  EXPECT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  return socket;
}

// 0, or why not.
int Connect(const std::string& path) {
  const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const sockaddr_un address = AddressOf(path);
  const auto* where = reinterpret_cast<const sockaddr*>(&address);
  return ::connect(socket.get(), where, sizeof address) == 0 ? 0 : errno;
}

// "what: hint".
std::string RefusalOf(const ControlSocketOptions& options) {
  try {
    const ControlSocket socket(options);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadSettings);
    EXPECT_THAT(error.what(), HasSubstr(options.path));
    return std::string(error.what()) + ": " + error.hint();
  }
  return "made";
}

class ControlSocketTest : public testing::Test {
 protected:
  ControlSocketTest() {
    std::string folder = (fs::temp_directory_path() / "control-XXXXXX").string();
    folder_ = ::mkdtemp(folder.data());
    path_ = folder_ + "/lockstep.sock";
    options_.path = path_;
  }
  ~ControlSocketTest() override { fs::remove_all(folder_); }

  std::string MakeFolder(const std::string& name, mode_t mode) const {
    const std::string folder = folder_ + "/" + name;
    EXPECT_EQ(::mkdir(folder.c_str(), 0700), 0);
    EXPECT_EQ(::chmod(folder.c_str(), mode), 0);
    return folder;
  }

  std::string folder_;
  std::string path_;
  ControlSocketOptions options_;
};

TEST_F(ControlSocketTest, ListensAndIsHandedOverOnce) {
  ControlSocket socket(options_);
  EXPECT_EQ(socket.path(), path_);
  EXPECT_EQ(Connect(path_), 0);
  const Descriptor listening = socket.TakeListening();
  ASSERT_TRUE(listening.open());
  EXPECT_NE(::fcntl(listening.get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(::fcntl(listening.get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_FALSE(socket.TakeListening().open());
  EXPECT_EQ(Connect(path_), 0);
}

TEST_F(ControlSocketTest, HasTheModeThatIsWantedWhateverTheUmask) {
  for (const mode_t umask : {0U, 022U, 077U}) {
    const mode_t before = ::umask(umask);
    for (const unsigned mode : {0600U, 0660U, 0666U}) {
      options_.mode = mode;
      const ControlSocket socket(options_);
      EXPECT_EQ(ModeOf(path_), mode);
      EXPECT_EQ(ModeOf(path_ + ".lock"), 0600U);
    }
    EXPECT_EQ(::umask(before), umask) << "it was put back";
  }
}

// Changing it afterwards would leave a moment in which others may open it.
TEST_F(ControlSocketTest, HasItsModeFromTheFirstMoment) {
  const Descriptor watch(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  ASSERT_GE(::inotify_add_watch(watch.get(), folder_.c_str(), IN_CREATE | IN_ATTRIB), 0);
  const ControlSocket socket(options_);
  alignas(inotify_event) std::array<char, 4096> events{};
  const ssize_t size = ::read(watch.get(), events.data(), events.size());
  std::uint32_t seen = 0;
  for (ssize_t at = 0; at < size;) {
    const auto* event = reinterpret_cast<const inotify_event*>(events.data() + at);
    if (std::string_view(event->name) == "lockstep.sock") seen |= event->mask;
    at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
  }
  EXPECT_EQ(seen, static_cast<std::uint32_t>(IN_CREATE));
}

TEST_F(ControlSocketTest, IsGivenToTheGroupThatIsWanted) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may give a file to any group";
  for (const std::string group : {"daemon", "54321"}) {
    options_.group = group;
    const ControlSocket socket(options_);
    const ::group* known = ::getgrnam(group.c_str());
    EXPECT_EQ(About(path_).st_gid, known != nullptr ? known->gr_gid : 54321U);
    EXPECT_EQ(ModeOf(path_), 0660U);
  }
}

TEST_F(ControlSocketTest, RefusesAGroupThatThereIsNot) {
  options_.group = "no-such-group";
  EXPECT_THAT(RefusalOf(options_), HasSubstr("the group 'no-such-group': there is none"));
}

// Nothing is left behind by what could not be finished.
TEST_F(ControlSocketTest, RefusesAGroupThatItMayNotGiveFilesTo) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may give a file to any group";
  options_.group = "0";
  EXPECT_THAT(RefusalOf(options_), HasSubstr("cannot be given to the group '0'"));
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(ControlSocketTest, IsRemovedWhenItGoesAndCanBeMadeAgain) {
  for (int i = 0; i < 2; ++i) {
    const ControlSocket socket(options_);
    EXPECT_EQ(Connect(path_), 0);
  }
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(ControlSocketTest, LeavesWhatTookItsPlaceAlone) {
  {
    const ControlSocket socket(options_);
    // Beside it at first, so that it cannot have the same inode.
    Bound(folder_ + "/other");
    fs::rename(folder_ + "/other", path_);
  }
  EXPECT_TRUE(fs::is_socket(path_));
}

// Faults: C6.
TEST_F(ControlSocketTest, ReplacesASocketThatWasLeftBehind) {
  Bound(path_).Close();
  ASSERT_EQ(Connect(path_), ECONNREFUSED);
  const ControlSocket socket(options_);
  EXPECT_EQ(Connect(path_), 0);
}

// Runs an agent's part in a child that is killed at once.
TEST_F(ControlSocketTest, TakesOverFromAnAgentThatWasKilled) {
  const pid_t child = ::fork();
  if (child == 0) {
    const ControlSocket socket(options_);
    ::raise(SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(fs::is_socket(path_)) << "nobody removed it";
  const ControlSocket socket(options_);
  EXPECT_EQ(Connect(path_), 0);
}

// Faults: P19.
TEST_F(ControlSocketTest, RefusesASecondAgentAndNamesTheFirst) {
  const ControlSocket socket(options_);
  EXPECT_THAT(RefusalOf(options_),
              HasSubstr("is that of another agent (pid " + std::to_string(::getpid()) + ")"));
  EXPECT_EQ(Connect(path_), 0) << "the first one's is still there";
}

// Faults: C6.
TEST_F(ControlSocketTest, RefusesASecondAgentAlsoWhenTheLockWasDeleted) {
  const ControlSocket socket(options_);
  fs::remove(path_ + ".lock");
  EXPECT_THAT(RefusalOf(options_),
              HasSubstr("is that of another agent (pid " + std::to_string(::getpid()) + ")"));
  EXPECT_EQ(Connect(path_), 0);
}

// Such as when the first one has its lock, and does not listen yet.
TEST_F(ControlSocketTest, RefusesASecondAgentAlsoWhenNobodyCanReachTheFirst) {
  const ControlSocket socket(options_);
  fs::remove(path_);
  EXPECT_THAT(RefusalOf(options_),
              HasSubstr("is that of another agent (pid " + std::to_string(::getpid()) + ")"));
}

TEST_F(ControlSocketTest, LeavesASocketOfAnotherKindAlone) {
  const Descriptor datagrams = Bound(path_, SOCK_DGRAM);
  EXPECT_THAT(RefusalOf(options_), HasSubstr("cannot be tried"));
  EXPECT_TRUE(fs::is_socket(path_));
}

// Faults: C6.
TEST_F(ControlSocketTest, NeverRemovesWhatIsNoSocket) {
  std::ofstream(path_) << "precious";
  EXPECT_THAT(RefusalOf(options_), HasSubstr("is no socket"));
  EXPECT_EQ(fs::file_size(path_), 8U);
  fs::remove(path_);

  fs::create_directory(path_);
  EXPECT_THAT(RefusalOf(options_), HasSubstr("is no socket"));
  EXPECT_TRUE(fs::is_directory(path_));
  fs::remove(path_);

  Bound(folder_ + "/elsewhere").Close();
  fs::create_symlink("elsewhere", path_);
  EXPECT_THAT(RefusalOf(options_), HasSubstr("is no socket")) << "nor follows a link";
  EXPECT_TRUE(fs::is_symlink(path_));
  EXPECT_TRUE(fs::is_socket(folder_ + "/elsewhere"));
}

// Faults: C8.
TEST_F(ControlSocketTest, TakesThe107BytesThatAUnixSocketMayHave) {
  options_.path = folder_ + "/" + std::string(107 - folder_.size() - 1, 'x');
  ASSERT_EQ(options_.path.size(), 107U);
  { const ControlSocket socket(options_); }
  options_.path += "x";
  EXPECT_THAT(RefusalOf(options_),
              AllOf(HasSubstr("108 bytes"), HasSubstr("107"), HasSubstr("choose a shorter one")));
}

TEST_F(ControlSocketTest, RefusesWhatIsNoPathOfAFile) {
  for (const std::string& path :
       {std::string(), folder_ + "/", folder_ + std::string("/a\0b", 4)}) {
    options_.path = path;
    EXPECT_THROW(ControlSocket{options_}, Error);
  }
}

TEST_F(ControlSocketTest, SaysWhichFolderIsMissing) {
  options_.path = folder_ + "/missing/lockstep.sock";
  EXPECT_THAT(RefusalOf(options_),
              AllOf(HasSubstr("'" + folder_ + "/missing' does not exist"),
                    HasSubstr("install -d -m 0750 '" + folder_ + "/missing'")));
  options_.path = "/run/lockstep-missing/agent/lockstep.sock";
  EXPECT_THAT(RefusalOf(options_), HasSubstr("RuntimeDirectory=lockstep-missing/agent"));
  options_.path = folder_ + "/file/lockstep.sock";
  std::ofstream(folder_ + "/file") << "no folder";
  EXPECT_THAT(RefusalOf(options_), HasSubstr("Not a directory"));
}

// Of an image's read-only root only an empty /run, with mode 0777, can be written to in Kubernetes.
TEST_F(ControlSocketTest, MakesItsFolderInRun) {
  if (::access("/run", W_OK) != 0) GTEST_SKIP() << "this user may not write to /run";
  const std::string folder = "/run/lockstep-test-" + std::to_string(::getpid());
  options_.path = folder + "/lockstep.sock";
  EXPECT_EQ(RefusalOf(options_), "made");
  EXPECT_EQ(ModeOf(folder), 0750U);
  // As the one before us has left it.
  EXPECT_EQ(RefusalOf(options_), "made");
  fs::remove_all(folder);
}

// Faults: C9.
TEST_F(ControlSocketTest, RefusesAFolderThatOthersMayWriteTo) {
  for (const mode_t mode : {0777U, 0770U, 0702U}) {
    const std::string folder = MakeFolder("open", mode);
    options_.path = folder + "/lockstep.sock";
    EXPECT_THAT(RefusalOf(options_), AllOf(HasSubstr("to which others may write"),
                                           HasSubstr("chmod go-w '" + folder + "'")));
    fs::remove_all(folder);
  }
}

TEST_F(ControlSocketTest, TakesAFolderInWhichOthersCannotReplaceIt) {
  options_.path = MakeFolder("sticky", 01777) + "/lockstep.sock";
  EXPECT_EQ(RefusalOf(options_), "made");
  options_.path = MakeFolder("usual", 0755) + "/lockstep.sock";
  EXPECT_EQ(RefusalOf(options_), "made");
}

// Faults: C9.
TEST_F(ControlSocketTest, RefusesAFolderOfSomebodyElse) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can make a folder of somebody else's";
  const std::string folder = MakeFolder("theirs", 0755);
  ASSERT_EQ(::chown(folder.c_str(), kSomebodyElse, kSomebodyElse), 0);
  options_.path = folder + "/lockstep.sock";
  EXPECT_THAT(RefusalOf(options_), HasSubstr("which belongs to uid 12345"));
}

TEST_F(ControlSocketTest, FollowsOurOwnLinkToAFolder) {
  MakeFolder("real", 0700);
  fs::create_symlink("real", folder_ + "/link");
  options_.path = folder_ + "/link/lockstep.sock";
  EXPECT_EQ(RefusalOf(options_), "made");
}

// Faults: C9.
TEST_F(ControlSocketTest, RefusesALinkOfSomebodyElseToAFolder) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can make a link of somebody else's";
  MakeFolder("real", 0700);
  const std::string link = folder_ + "/link";
  fs::create_symlink("real", link);
  ASSERT_EQ(::lchown(link.c_str(), kSomebodyElse, kSomebodyElse), 0);
  options_.path = link + "/lockstep.sock";
  EXPECT_THAT(RefusalOf(options_), HasSubstr("a link that belongs to uid 12345"));
}

TEST_F(ControlSocketTest, WritesIntoNoFileThatSomebodyPutInTheLocksPlace) {
  const std::string precious = folder_ + "/precious";
  std::ofstream(precious) << "precious";
  fs::create_symlink("precious", path_ + ".lock");
  EXPECT_THAT(RefusalOf(options_), HasSubstr("cannot be locked"));
  fs::remove(path_ + ".lock");
  fs::create_hard_link(precious, path_ + ".lock");
  EXPECT_THAT(RefusalOf(options_), HasSubstr("cannot be locked"));
  fs::remove(path_ + ".lock");
  ASSERT_EQ(::mkfifo((path_ + ".lock").c_str(), 0600), 0);
  EXPECT_THAT(RefusalOf(options_), HasSubstr("cannot be locked"));
  EXPECT_EQ(fs::file_size(precious), 8U);
}

}  // namespace
}  // namespace lockstep
