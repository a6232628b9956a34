// Where the agent listens by TCP: "127.0.0.1:8432", "[::1]:8432", "localhost:8432".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/descriptor.h"

namespace lockstep {

struct HttpAddress {
  std::string host;  // a name or an address, without brackets
  std::uint16_t port = 0;
};

// Nothing when it is not HOST:PORT; an IPv6 address needs its brackets. Pure.
std::optional<HttpAddress> ParseHttpAddress(std::string_view text);
std::string ToText(const HttpAddress& address);  // with brackets where they are needed

struct TcpListener {
  Descriptor descriptor;  // non-blocking, close-on-exec
  HttpAddress address;    // where it listens, in figures
};

// Throws Error kBadSettings, with the address, when it cannot be had. Of a name's addresses the
// first that this host has is taken, IPv4 before IPv6; one that is in use is an error and no reason
// to try the next, where nobody would look for us. Waits for the resolver: for the start of a
// program.
TcpListener ListenOn(const std::string& address);

}  // namespace lockstep
