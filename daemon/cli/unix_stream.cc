#include "cli/unix_stream.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

#include "base/error.h"

namespace lockstep {
namespace {

constexpr char kIsItRunning[] = "is it running? see \"systemctl status lockstepd\"";

// The kernel tells nobody when a full queue of connections has room again.
constexpr Duration kQueuePause = std::chrono::milliseconds(20);

sockaddr_un AddressOf(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    throw Error(ErrorCode::kUsage, "\"" + path + "\" cannot be the path of a socket",
                "it has 1 to " + std::to_string(sizeof address.sun_path - 1) + " bytes");
  }
  std::copy(path.begin(), path.end(), std::begin(address.sun_path));
  return address;
}

[[noreturn]] void ThrowRefused(const std::string& path, int problem) {
  if (problem == EACCES || problem == EPERM) {
    throw Error(ErrorCode::kPermission,
                "this user may not connect to the agent at \"" + path + "\"",
                "root may, and the members of the socket's group; see \"ls -l " + path + "\"");
  }
  if (problem == ENOENT || problem == ECONNREFUSED || problem == ENOTDIR) {
    throw Error(ErrorCode::kUnreachable, "no agent listens at \"" + path + "\"", kIsItRunning);
  }
  throw Error(ErrorCode::kUnreachable,
              "cannot connect to the agent at \"" + path + "\": " + strerror(problem));
}

int Opened(int descriptor, const char* what) {
  if (descriptor >= 0) return descriptor;
  throw Error(ErrorCode::kInternal, std::string("cannot make ") + what + ": " + strerror(errno));
}

// Rounded up, so that a wait does not end before its time.
int MillisecondsUntil(SteadyTime until) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - SystemClock().Now());
  return static_cast<int>(std::clamp<long long>(left.count(), 0, 1'000'000'000));
}

}  // namespace

UnixStream::UnixStream(const std::string& path, SteadyTime until, std::stop_token stop)
    : path_(path),
      socket_(Opened(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "a socket")),
      wake_(Opened(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "an eventfd")),
      stop_(std::move(stop)) {
  Connect(until);
}

void UnixStream::Connect(SteadyTime until) {
  while (!TryConnect()) {
    if (SystemClock().Now() >= until) ThrowSilent();
    if (!SystemClock().SleepUntil(std::min(until, SystemClock().Now() + kQueuePause), stop_)) break;
  }
  if (stop_.stop_requested()) throw Error(ErrorCode::kStopped, "stopped on request");
}

// Over a Unix socket it is done at once, or the queue is full.
bool UnixStream::TryConnect() {
  const sockaddr_un address = AddressOf(path_);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (connect(socket_.get(), generic, sizeof address) == 0) return true;
  if (errno == EAGAIN || errno == EINTR) return false;
  ThrowRefused(path_, errno);
}

void UnixStream::Write(std::string_view text, SteadyTime until) {
  while (!text.empty()) {
    const auto sent = send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
    if (sent >= 0) text.remove_prefix(static_cast<std::size_t>(sent));
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return;
    if (sent < 0 && Wait(POLLOUT, until) == 0) ThrowSilent();
  }
}

std::size_t UnixStream::Read(std::span<char> into, SteadyTime until) {
  while (true) {
    if (Wait(POLLIN, until) == 0) ThrowSilent();
    const auto got = recv(socket_.get(), into.data(), into.size(), 0);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno == EAGAIN || errno == EINTR) continue;
    throw Error(ErrorCode::kConnectionLost,
                "the connection to the agent at \"" + path_ + "\" broke: " + strerror(errno));
  }
}

short UnixStream::Wait(short events, SteadyTime until) {
  const std::stop_callback callback(stop_, [this] {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = write(wake_.get(), &one, sizeof one);
  });
  std::array<pollfd, 2> watched{{{socket_.get(), events, 0}, {wake_.get(), POLLIN, 0}}};
  int ready = -1;
  while (ready < 0) {
    ready = poll(watched.data(), watched.size(), MillisecondsUntil(until));
    if (ready < 0 && errno != EINTR) throw Error(ErrorCode::kInternal, "cannot poll");
  }
  if (watched[1].revents != 0) throw Error(ErrorCode::kStopped, "stopped on request");
  return watched[0].revents;
}

void UnixStream::ThrowSilent() const {
  throw Error(ErrorCode::kUnreachable, "the agent at \"" + path_ + "\" did not answer in time",
              "it may be overloaded or hang; see \"systemctl status lockstepd\" and its log");
}

}  // namespace lockstep
