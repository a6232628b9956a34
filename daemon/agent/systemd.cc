#include "agent/systemd.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <system_error>

#include "base/error.h"
#include "base/text.h"

namespace lockstep {
namespace {

std::string TakeFromEnvironment(const char* name) {
  const char* value = std::getenv(name);
  const std::string taken = value == nullptr ? "" : value;
  ::unsetenv(name);
  return taken;
}

std::int64_t Microseconds(Duration time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time).count();
}

std::optional<std::chrono::microseconds> TakeWatchdogInterval() {
  std::uint64_t allowed = 0;
  if (::sd_watchdog_enabled(1, &allowed) <= 0) return std::nullopt;
  return std::chrono::microseconds(allowed / 2);
}

void LimitWaiting(const Descriptor& socket) {
  const timeval second{.tv_sec = 1, .tv_usec = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &second, sizeof second);
}

void CheckListening(const Descriptor& descriptor) {
  if (::sd_is_socket(descriptor.get(), AF_UNSPEC, SOCK_STREAM, 1) > 0) return;
  throw Error(
      ErrorCode::kBadSettings,
      fmt::format("descriptor {} of LISTEN_FDS is no listening stream socket", descriptor.get()),
      "the socket unit needs ListenStream= and Accept=no");
}

}  // namespace

Systemd::Systemd() : watchdog_(TakeWatchdogInterval()) {
  socket_ = TakeFromEnvironment("NOTIFY_SOCKET");
}

void Systemd::Ready() { Send("READY=1", Urgency::kMayWait); }

void Systemd::Status(std::string_view sentence) {
  std::string status = Escaped(sentence);
  const std::lock_guard guard(mutex_);
  if (status == status_) return;
  status_ = std::move(status);
  Send("STATUS=" + status_, Urgency::kMayBeLost);
}

void Systemd::Reloading() {
  const auto now = Microseconds(SystemClock().Now().time_since_epoch());
  Send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now), Urgency::kMayWait);
}

void Systemd::Stopping() { Send("STOPPING=1", Urgency::kMayWait); }

void Systemd::Watchdog() { Send("WATCHDOG=1", Urgency::kMayBeLost); }

void Systemd::ExtendTimeout(Duration time) {
  Send(fmt::format("EXTEND_TIMEOUT_USEC={}", Microseconds(time)), Urgency::kMayBeLost);
}

// Not by sd_notify(), which looks for NOTIFY_SOCKET in the environment each time and may wait
// without end. The protocol is a datagram of lines, for good: sd_notify(3).
void Systemd::Send(const std::string& text, Urgency urgency) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_.empty() || socket_.size() >= sizeof address.sun_path) return;
  socket_.copy(address.sun_path, socket_.size());
  if (socket_[0] == '@') address.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  const Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  LimitWaiting(socket);
  const int flags = MSG_NOSIGNAL | (urgency == Urgency::kMayBeLost ? MSG_DONTWAIT : 0);
  // A systemd that does not hear us is nothing that we could help.
  ::sendto(socket.get(), text.data(), text.size(), flags,
           reinterpret_cast<const sockaddr*>(&address), size);
}

std::vector<InheritedSocket> TakeInheritedSockets() {
  const int count = ::sd_listen_fds(1);
  if (count < 0) {
    throw Error(ErrorCode::kBadSettings, "the sockets of LISTEN_FDS cannot be taken over: " +
                                             std::generic_category().message(-count));
  }
  std::vector<InheritedSocket> sockets;
  for (int i = 0; i < count; ++i) {
    Descriptor descriptor(SD_LISTEN_FDS_START + i);
    const bool is_unix = ::sd_is_socket(descriptor.get(), AF_UNIX, SOCK_STREAM, 1) > 0;
    sockets.push_back({std::move(descriptor), is_unix});
  }
  for (const InheritedSocket& socket : sockets) CheckListening(socket.descriptor);
  return sockets;
}

}  // namespace lockstep
