// What we tell systemd, and what it hands us. Where systemd did not start us, nothing happens.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/descriptor.h"

namespace lockstep {

// Thread: any.
class Systemd {
 public:
  // Reads NOTIFY_SOCKET and WATCHDOG_USEC, which stay in the environment of no program that we
  // start.
  Systemd();

  void Ready();
  void Status(std::string_view sentence);  // one line; sent when it is news
  void Reloading();                        // with MONOTONIC_USEC; Ready() ends it
  void Stopping();
  void Watchdog();
  // More time for the start or the stop that is under way.
  void ExtendTimeout(Duration time);

  // Half of what systemd allows; nothing without a watchdog.
  std::optional<std::chrono::microseconds> watchdog_interval() const { return watchdog_; }

 private:
  void Send(const std::string& text);

  std::optional<std::chrono::microseconds> watchdog_;
  std::string status_;
};

// A listening socket of socket activation (LISTEN_FDS).
struct InheritedSocket {
  Descriptor descriptor;
  bool is_unix = false;
};
// Takes them all, once. Throws Error kBadSettings for a descriptor that is no listening stream
// socket.
std::vector<InheritedSocket> TakeInheritedSockets();

}  // namespace lockstep
