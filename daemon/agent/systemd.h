// What we tell systemd, and what it hands us. Where systemd did not start us, nothing happens.
#pragma once

#include <chrono>
#include <mutex>
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
  // Reads NOTIFY_SOCKET and WATCHDOG_USEC and takes them out of the environment, so that no program
  // that we start speaks in our name. REQUIRES: no other thread looks at the environment yet.
  Systemd();

  // Somebody hears what is said here.
  bool is_heard() const { return !socket_.empty(); }

  // What changes our state waits, for at most a second, for a systemd that is behind; a status or a
  // sign of life is left out then.
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
  enum class Urgency { kMayWait, kMayBeLost };
  void Send(const std::string& text, Urgency urgency);

  std::string socket_;  // as NOTIFY_SOCKET has it; empty: nobody listens
  std::optional<std::chrono::microseconds> watchdog_;
  std::mutex mutex_;
  std::string status_;  // guarded by mutex_
};

// A listening socket of socket activation (LISTEN_FDS).
struct InheritedSocket {
  Descriptor descriptor;
  bool is_unix = false;
};
// Takes them all, once; LISTEN_FDS and its like go from the environment. Throws Error kBadSettings
// for a descriptor that is no listening stream socket.
std::vector<InheritedSocket> TakeInheritedSockets();

}  // namespace lockstep
