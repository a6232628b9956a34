#include "base/child_process.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <memory>
#include <thread>

namespace lockstep {
namespace {

constexpr std::chrono::milliseconds kLong = std::chrono::minutes(1);

ChildRequest Sleeper() {
  ChildRequest request;
  request.command = {"sleep", "1000"};
  return request;
}

std::unique_ptr<ChildProcess> StartInAThreadThatEnds(const ChildRequest& request) {
  std::unique_ptr<ChildProcess> child;
  std::jthread([&] { child = std::make_unique<ChildProcess>(request); }).join();
  return child;
}

TEST(ChildProcessTest, EndsWhenWhatStartedItEnds) {
  ChildRequest request = Sleeper();
  request.death_signal = SIGQUIT;
  const auto child = StartInAThreadThatEnds(request);
  ASSERT_TRUE(child->WaitFor(kLong));
  EXPECT_EQ(child->Reap(), 128 + SIGQUIT);
}

TEST(ChildProcessTest, OutlivesWhatStartedItWhenAsked) {
  ChildRequest request = Sleeper();
  request.survives = true;
  const auto child = StartInAThreadThatEnds(request);
  EXPECT_EQ(::getsid(child->pid()), child->pid());
  child->Signal(SIGUSR1);
  EXPECT_EQ(child->Reap(), 128 + SIGUSR1);
}

TEST(ChildProcessTest, IsKilledWithItsOwner) {
  auto child = std::make_unique<ChildProcess>(Sleeper());
  const Descriptor process = OpenProcess(child->pid());
  child.reset();
  pollfd ended{process.get(), POLLIN, 0};
  EXPECT_EQ(::poll(&ended, 1, 0), 1);
}

TEST(ChildProcessTest, RunsOnOnceReleased) {
  auto child = std::make_unique<ChildProcess>(Sleeper());
  const Descriptor process = OpenProcess(child->pid());
  const pid_t pid = child->pid();
  child->Release();
  child.reset();
  pollfd ended{process.get(), POLLIN, 0};
  EXPECT_EQ(::poll(&ended, 1, 0), 0);
  ::kill(pid, SIGKILL);
}

TEST(ChildProcessTest, SaysWhetherItStillRuns) {
  ChildProcess child(Sleeper());
  EXPECT_FALSE(child.WaitFor(std::chrono::milliseconds(0)));
  child.Signal(SIGTERM);
  EXPECT_TRUE(child.WaitFor(kLong));
}

TEST(ChildProcessTest, AProcessThatIsNotThereCannotBeOpened) {
  EXPECT_FALSE(OpenProcess(0x3fffffff).open());
}

}  // namespace
}  // namespace lockstep
