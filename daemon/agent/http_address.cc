#include "agent/http_address.h"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <system_error>
#include <vector>

#include "base/error.h"

namespace lockstep {
namespace {

constexpr int kBacklog = 128;

[[noreturn]] void Refuse(const std::string& address, const std::string& reason,
                         const std::string& hint) {
  throw Error(ErrorCode::kBadSettings, "cannot listen on '" + address + "': " + reason, hint);
}

std::string Reason(int error) { return std::generic_category().message(error); }

std::string HintFor(int error) {
  if (error == EADDRINUSE) {
    return "another program has the port, perhaps another agent: stop it, choose another port with "
           "`listen`, or listen = \"off\"";
  }
  if (error == EADDRNOTAVAIL) return "this host has no such address: see `ip address`";
  if (error == EACCES)
    return "ports below 1024 need a right that the agent lacks: take a higher one";
  return "choose another address with `listen`, or listen = \"off\"";
}

using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

AddressList Resolve(const std::string& text, const HttpAddress& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error =
      ::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
  if (error != 0) Refuse(text, ::gai_strerror(error), "write an address of this host");
  return AddressList(found, &::freeaddrinfo);
}

std::vector<const addrinfo*> InOrder(const AddressList& list) {
  std::vector<const addrinfo*> addresses;
  for (const addrinfo* each = list.get(); each != nullptr; each = each->ai_next) {
    addresses.push_back(each);
  }
  std::stable_partition(addresses.begin(), addresses.end(),
                        [](const addrinfo* each) { return each->ai_family == AF_INET; });
  return addresses;
}

// Not open, with errno, when it cannot be had.
Descriptor TryListen(const addrinfo& address) {
  Descriptor socket(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.open()) return socket;
  // Connections of an agent that has just ended do not keep the port from the next one.
  const int yes = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (::bind(socket.get(), address.ai_addr, address.ai_addrlen) == 0 &&
      ::listen(socket.get(), kBacklog) == 0) {
    return socket;
  }
  const int error = errno;
  socket.Close();
  errno = error;
  return socket;
}

HttpAddress AddressOf(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  if (::getsockname(socket, generic, &size) != 0 ||
      ::getnameinfo(generic, size, host.data(), host.size(), port.data(), port.size(),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    throw Error(ErrorCode::kInternal, "a listening socket has no address");
  }
  return {host.data(), static_cast<std::uint16_t>(std::stoi(port.data()))};
}

}  // namespace

std::optional<HttpAddress> ParseHttpAddress(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == text.npos) return {};
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find_first_of("[]:") != host.npos) {
    return {};
  }
  HttpAddress address{std::string(host)};
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (host.empty() || port.empty() || error != std::errc() || end != port.data() + port.size()) {
    return {};
  }
  return address;
}

std::string ToText(const HttpAddress& address) {
  const bool brackets = address.host.find(':') != std::string::npos;
  return (brackets ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

TcpListener ListenOn(const std::string& text) {
  const auto address = ParseHttpAddress(text);
  if (!address) {
    Refuse(text, "it is not HOST:PORT", "write it like \"127.0.0.1:8432\" or \"[::1]:8432\"");
  }
  const AddressList list = Resolve(text, *address);
  int error = EADDRNOTAVAIL;
  for (const addrinfo* each : InOrder(list)) {
    Descriptor socket = TryListen(*each);
    if (socket.open()) {
      const HttpAddress actual = AddressOf(socket.get());
      return {std::move(socket), actual};
    }
    error = errno;
    if (error == EADDRINUSE) break;
  }
  Refuse(text, Reason(error), HintFor(error));
}

}  // namespace lockstep
