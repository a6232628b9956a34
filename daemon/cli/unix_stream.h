// One connection to a Unix socket, with a time limit on each exchange and an ear for the stop
// request.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/descriptor.h"

namespace lockstep {

// Blocking. Thread: any, one at a time.
class UnixStream {
 public:
  // Connects before `until`. Throws Error: kUnreachable when nobody listens there, kPermission when
  // this user may not connect, kUsage when the path cannot be that of a socket; kStopped.
  UnixStream(const std::string& path, SteadyTime until, std::stop_token stop);

  // Waits no longer than `until`: throws Error kUnreachable then, and kStopped. Says nothing about
  // a peer that has closed already: it may have answered before it did.
  void Write(std::string_view text, SteadyTime until);
  // 0 at the end. Throws Error kUnreachable when nothing came before `until`, kConnectionLost when
  // the connection broke, kStopped.
  std::size_t Read(std::span<char> into, SteadyTime until);

 private:
  void Connect(SteadyTime until);
  bool TryConnect();
  // What poll() says of the connection's `events`; 0 when the time was up.
  short Wait(short events, SteadyTime until);
  [[noreturn]] void ThrowSilent() const;

  std::string path_;
  Descriptor socket_;
  Descriptor wake_;  // readable once the stop was requested
  std::stop_token stop_;
};

}  // namespace lockstep
