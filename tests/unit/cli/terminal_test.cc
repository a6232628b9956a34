#include "cli/terminal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <string>

#include "base/descriptor.h"

namespace lockstep {
namespace {

struct Pseudoterminal {
  Pseudoterminal() {
    winsize size{};
    size.ws_col = 132;
    int master = -1, slave = -1;
    EXPECT_EQ(openpty(&master, &slave, nullptr, nullptr, &size), 0);
    outer = Descriptor(master);
    inner = Descriptor(slave);
  }
  Descriptor outer, inner;
};

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(pipe(ends.data()), 0);
    read = Descriptor(ends[0]);
    write = Descriptor(ends[1]);
  }
  Descriptor read, write;
};

TEST(Terminal, TellsATerminalFromAPipe) {
  const Pseudoterminal pty;
  const Pipe pipe;
  EXPECT_TRUE(Terminal(pty.inner.get()).is_terminal());
  EXPECT_EQ(Terminal(pty.inner.get()).Columns(), 132);
  EXPECT_FALSE(Terminal(pipe.write.get()).is_terminal());
  EXPECT_EQ(Terminal(pipe.write.get()).Columns(), 80);
}

TEST(Terminal, ColoursNeedATerminalAndNobodyAgainstThem) {
  const Pseudoterminal pty;
  const Pipe pipe;
  unsetenv("NO_COLOR");
  setenv("TERM", "xterm", 1);
  EXPECT_TRUE(Terminal(pty.inner.get()).WantsColor(false));
  EXPECT_FALSE(Terminal(pty.inner.get()).WantsColor(true));
  EXPECT_FALSE(Terminal(pipe.write.get()).WantsColor(false));
  setenv("NO_COLOR", "1", 1);
  EXPECT_FALSE(Terminal(pty.inner.get()).WantsColor(false));
  unsetenv("NO_COLOR");
  setenv("TERM", "dumb", 1);
  EXPECT_FALSE(Terminal(pty.inner.get()).WantsColor(false));
}

TEST(Terminal, AClosedReaderIsNoticed) {
  std::signal(SIGPIPE, SIG_IGN);
  Pipe pipe;
  EXPECT_TRUE(Terminal(pipe.write.get()).Write("text"));
  pipe.read.Close();
  EXPECT_FALSE(Terminal(pipe.write.get()).Write("text"));
}

TEST(Terminal, AFullDiskIsNoticed) {
  const Descriptor full(open("/dev/full", O_WRONLY));
  EXPECT_FALSE(Terminal(full.get()).Write("text"));
  EXPECT_TRUE(Terminal(full.get()).Write(""));
}

}  // namespace
}  // namespace lockstep
