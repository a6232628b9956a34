#include "base/log_output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <limits>
#include <system_error>

#include "base/error.h"

namespace lockstep {
namespace {

constexpr SteadyTime::rep kNoEnd = std::numeric_limits<SteadyTime::rep>::max();

// For poll(): rounded up, so that it does not wake before the end.
int MillisecondsUntil(SteadyTime time) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(time - SystemClock().Now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, INT_MAX));
}

mode_t KindOf(int descriptor) {
  struct stat about {};
  return ::fstat(descriptor, &about) == 0 ? about.st_mode & S_IFMT : 0;
}

// The same pipe or terminal with flags of our own; nothing when it may not be opened. A file would
// get a position of its own, and a socket cannot be opened.
Descriptor OpenAgain(int descriptor, mode_t kind) {
  if (kind != S_IFIFO && kind != S_IFCHR) return {};
  const std::string path = fmt::format("/proc/self/fd/{}", descriptor);
  return Descriptor(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
}

class LineOutput : public LogOutput {
 public:
  LineOutput(int descriptor, const Patience& patience)
      : kind_(KindOf(descriptor)),
        again_(OpenAgain(descriptor, kind_)),
        descriptor_(again_.open() ? again_.get() : descriptor),
        patience_(patience) {}

  bool Write(std::string_view line) override {
    std::string text;
    text.reserve(line.size() + 2);
    // What is left of a line that was cut short must not become the beginning of this one.
    if (inside_line_) text += '\n';
    text.append(line).append("\n");
    return WriteAll(text);
  }

 private:
  bool WriteAll(std::string_view text) {
    while (!text.empty()) {
      if (!patience_.WaitWritable(descriptor_)) return false;
      const ssize_t written = WriteSome(text);
      if (written < 0 && errno != EINTR && errno != EAGAIN) return false;
      if (written <= 0) continue;
      inside_line_ = text[static_cast<std::size_t>(written) - 1] != '\n';
      text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
  }

  // A pipe that poll() calls writable takes PIPE_BUF bytes at once, even where we could not make it
  // non-blocking.
  ssize_t WriteSome(std::string_view text) const {
    if (kind_ == S_IFSOCK) {
      return ::send(descriptor_, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    const std::size_t most = kind_ == S_IFREG ? text.size() : PIPE_BUF;
    return ::write(descriptor_, text.data(), std::min(text.size(), most));
  }

  mode_t kind_;
  Descriptor again_;
  int descriptor_;
  const Patience& patience_;
  bool inside_line_ = false;
};

class JournalOutput : public LogOutput {
 public:
  JournalOutput(std::string path, const Patience& patience)
      : path_(std::move(path)), patience_(patience) {}

  bool Connect() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path_.size() >= sizeof(address.sun_path)) {
      errno = ENAMETOOLONG;
      return false;
    }
    path_.copy(address.sun_path, path_.size());
    socket_ = Descriptor(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    // Connected, because only then does poll() look at the journal's own queue.
    const auto* where = reinterpret_cast<const sockaddr*>(&address);
    if (socket_.open() && ::connect(socket_.get(), where, sizeof address) == 0) return true;
    const int error = errno;
    socket_.Close();
    errno = error;
    return false;
  }

  // A journald that was started anew has a new socket: once more, then.
  bool Write(std::string_view entry) override {
    if (socket_.open() && Send(entry)) return true;
    return !patience_.over() && Connect() && Send(entry);
  }

 private:
  bool Send(std::string_view entry) {
    while (patience_.WaitWritable(socket_.get())) {
      const ssize_t sent =
          ::send(socket_.get(), entry.data(), entry.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent >= 0) return true;
      if (errno != EINTR && errno != EAGAIN) return false;
    }
    return false;
  }

  std::string path_;
  const Patience& patience_;
  Descriptor socket_;
};

}  // namespace

Patience::Patience() : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), end_(kNoEnd) {
  if (!wake_.open()) {
    throw Error(ErrorCode::kInternal,
                "the log cannot be started: " + std::generic_category().message(errno));
  }
}

void Patience::EndsAt(SteadyTime time) {
  end_ = time.time_since_epoch().count();
  const std::uint64_t one = 1;
  // The counter of a new eventfd always has room.
  [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
}

bool Patience::over() const {
  return end_ != kNoEnd && SystemClock().Now().time_since_epoch().count() >= end_;
}

bool Patience::WaitWritable(int descriptor) const {
  while (!over()) {
    const SteadyTime::rep end = end_;
    const SteadyTime until{SteadyTime::duration(end)};
    pollfd watched[] = {{descriptor, POLLOUT, 0}, {wake_.get(), POLLIN, 0}};
    // Once there is an end, poll() keeps the time, and the eventfd has nothing more to tell.
    const int ready =
        end == kNoEnd ? ::poll(watched, 2, -1) : ::poll(watched, 1, MillisecondsUntil(until));
    if (ready > 0 && watched[0].revents != 0) return true;
  }
  return false;
}

std::unique_ptr<LogOutput> MakeLineOutput(int descriptor, const Patience& patience) {
  return std::make_unique<LineOutput>(descriptor, patience);
}

std::unique_ptr<LogOutput> MakeJournalOutput(const std::string& path, const Patience& patience) {
  auto output = std::make_unique<JournalOutput>(path, patience);
  if (output->Connect()) return output;
  throw Error(ErrorCode::kBadSettings,
              fmt::format("the log cannot go to the journal: '{}': {}", path,
                          std::generic_category().message(errno)),
              "choose log.format = \"json\" or \"text\", or leave it at \"auto\"");
}

bool IsJournalStream(int descriptor, std::string_view journal_stream) {
  struct stat about {};
  if (journal_stream.empty() || ::fstat(descriptor, &about) != 0) return false;
  return journal_stream == fmt::format("{}:{}", about.st_dev, about.st_ino);
}

}  // namespace lockstep
