#include "agent/systemd.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>

#include "base/error.h"

namespace lockstep {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// The end of the notifications' way at which systemd would sit. Abstract names begin with '@', as
// in NOTIFY_SOCKET.
class FakeManager {
 public:
  explicit FakeManager(const std::string& name) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name.copy(address.sun_path, sizeof address.sun_path);
    if (name[0] == '@') address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    socket_ = Descriptor(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }
  ~FakeManager() { ::unsetenv("NOTIFY_SOCKET"); }

  // The next one, which must be there already; "" when there is none.
  std::string Heard() {
    std::array<char, 1024> text{};
    const ssize_t size = ::recv(socket_.get(), text.data(), text.size(), 0);
    return {text.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
  }

 private:
  Descriptor socket_;
};

class SystemdTest : public testing::Test {
 protected:
  SystemdTest() {
    std::string folder = (std::filesystem::temp_directory_path() / "systemd-XXXXXX").string();
    folder_ = ::mkdtemp(folder.data());
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) ::unsetenv(name);
  }
  ~SystemdTest() override { std::filesystem::remove_all(folder_); }

  std::string folder_;
};

TEST_F(SystemdTest, TellsTheManagerEachChange) {
  FakeManager manager(folder_ + "/notify");
  Systemd systemd;
  systemd.Ready();
  EXPECT_EQ(manager.Heard(), "READY=1");
  systemd.Stopping();
  EXPECT_EQ(manager.Heard(), "STOPPING=1");
  systemd.Watchdog();
  EXPECT_EQ(manager.Heard(), "WATCHDOG=1");
  systemd.ExtendTimeout(std::chrono::milliseconds(1500));
  EXPECT_EQ(manager.Heard(), "EXTEND_TIMEOUT_USEC=1500000");
  EXPECT_EQ(manager.Heard(), "");
}

TEST_F(SystemdTest, SpeaksToAbstractNamesToo) {
  FakeManager manager("@lockstep-test-" + std::to_string(::getpid()));
  Systemd().Ready();
  EXPECT_EQ(manager.Heard(), "READY=1");
}

TEST_F(SystemdTest, SaysWhenAReloadBegan) {
  FakeManager manager(folder_ + "/notify");
  const auto microseconds = [] {
    const auto since = SystemClock().Now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::microseconds>(since).count();
  };
  const auto before = microseconds();
  Systemd().Reloading();
  const auto after = microseconds();
  const std::string heard = manager.Heard();
  const std::string lead = "RELOADING=1\nMONOTONIC_USEC=";
  ASSERT_THAT(heard, StartsWith(lead));
  const std::int64_t said = std::stoll(heard.substr(lead.size()));
  EXPECT_GE(said, before);
  EXPECT_LE(said, after);
}

TEST_F(SystemdTest, SaysAStatusOnceAndInOneLine) {
  FakeManager manager(folder_ + "/notify");
  Systemd systemd;
  systemd.Status("waits for\nREADY=1");
  EXPECT_EQ(manager.Heard(), "STATUS=waits for\\nREADY=1");
  systemd.Status("waits for\nREADY=1");
  EXPECT_EQ(manager.Heard(), "");
  systemd.Status("applies");
  EXPECT_EQ(manager.Heard(), "STATUS=applies");
}

TEST_F(SystemdTest, LeavesNothingInTheEnvironmentOfTheProgramsThatWeStart) {
  const FakeManager manager(folder_ + "/notify");
  ::setenv("WATCHDOG_USEC", "30000000", 1);
  ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  const Systemd systemd;
  EXPECT_EQ(systemd.watchdog_interval(), std::chrono::seconds(15));
  for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) {
    EXPECT_EQ(std::getenv(name), nullptr) << name;
  }
}

TEST_F(SystemdTest, HasNoWatchdogThatIsMeantForAnother) {
  EXPECT_EQ(Systemd().watchdog_interval(), std::nullopt);
  ::setenv("WATCHDOG_USEC", "30000000", 1);
  ::setenv("WATCHDOG_PID", "1", 1);
  EXPECT_EQ(Systemd().watchdog_interval(), std::nullopt);
}

void SayEverything(Systemd& systemd) {
  systemd.Ready();
  systemd.Status("works");
  systemd.Reloading();
  systemd.Watchdog();
  systemd.ExtendTimeout(std::chrono::seconds(1));
  systemd.Stopping();
}

TEST_F(SystemdTest, DoesNothingWhereNobodyListens) {
  Systemd without;
  SayEverything(without);
  for (const std::string& name : {folder_ + "/nobody", std::string("@"), std::string(200, 'x')}) {
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
    Systemd systemd;
    SayEverything(systemd);
  }
}

// Its queue is full, so a call that waited without end would never return.
TEST_F(SystemdTest, GivesUpOnAManagerThatDoesNotListen) {
  const FakeManager manager(folder_ + "/notify");
  Systemd systemd;
  for (int i = 0; i < 5000; ++i) systemd.Watchdog();
  systemd.Status("works");
  systemd.Ready();
}

// A stream socket listens; the kernel chooses its address.
int Listening(int family, int type) {
  const int socket = ::socket(family, type, 0);
  sockaddr_un any{};
  any.sun_family = static_cast<sa_family_t>(family);
  const socklen_t size = family == AF_UNIX ? sizeof(sa_family_t) : sizeof(sockaddr_in);
  EXPECT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&any), size), 0);
  EXPECT_EQ(type == SOCK_STREAM ? ::listen(socket, 1) : 0, 0);
  return socket;
}

// Runs `check` in a child that has these descriptors from 3 on, as a program has that systemd
// started; its result is the child's exit code, or 100 for an Error.
template <typename Check>
int WithInherited(const std::vector<int>& sockets, Check check) {
  const pid_t child = ::fork();
  if (child == 0) {
    std::vector<int> lifted;
    for (const int socket : sockets) lifted.push_back(::fcntl(socket, F_DUPFD, 100));
    for (std::size_t i = 0; i < lifted.size(); ++i) ::dup2(lifted[i], static_cast<int>(3 + i));
    ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
    ::setenv("LISTEN_FDS", std::to_string(sockets.size()).c_str(), 1);
    try {
      ::_exit(check());
    } catch (const Error&) {
      ::_exit(100);
    }
  }
  for (const int socket : sockets) ::close(socket);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(InheritedSockets, AreTakenInOrderAndOnce) {
  const std::vector<int> sockets = {Listening(AF_UNIX, SOCK_STREAM),
                                    Listening(AF_INET, SOCK_STREAM)};
  EXPECT_EQ(WithInherited(sockets,
                          [] {
                            const auto taken = TakeInheritedSockets();
                            if (taken.size() != 2) return 1;
                            if (taken[0].descriptor.get() != 3 || !taken[0].is_unix) return 2;
                            if (taken[1].descriptor.get() != 4 || taken[1].is_unix) return 3;
                            if ((::fcntl(3, F_GETFD) & FD_CLOEXEC) == 0) return 4;
                            if (std::getenv("LISTEN_FDS") != nullptr) return 5;
                            return TakeInheritedSockets().empty() ? 0 : 6;
                          }),
            0);
}

TEST(InheritedSockets, AreNoneWithoutSocketActivation) {
  EXPECT_TRUE(TakeInheritedSockets().empty());
}

TEST(InheritedSockets, AreRefusedWhenTheyCannotBeListenedOn) {
  const auto refused = [](const std::vector<int>& sockets, const std::string& named) {
    return WithInherited(sockets, [&] {
      try {
        TakeInheritedSockets();
      } catch (const Error& error) {
        const bool good = error.code() == ErrorCode::kBadSettings &&
                          std::string(error.what()).find(named) != std::string::npos;
        return good && ::fcntl(3, F_GETFD) < 0 ? 0 : 1;
      }
      return 2;
    });
  };
  EXPECT_EQ(refused({Listening(AF_UNIX, SOCK_STREAM), Listening(AF_UNIX, SOCK_DGRAM)},
                    "descriptor 4 of LISTEN_FDS"),
            0);
  EXPECT_EQ(refused({::socket(AF_UNIX, SOCK_STREAM, 0)}, "descriptor 3"), 0) << "does not listen";
  EXPECT_EQ(refused({::open("/dev/null", O_RDWR)}, "descriptor 3"), 0);
}

}  // namespace
}  // namespace lockstep
