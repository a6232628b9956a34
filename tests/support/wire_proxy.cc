#include "support/wire_proxy.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
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
#include <stdexcept>
#include <system_error>

namespace lockstep {
namespace {

constexpr std::uint32_t kSslRequest = 80877103;
constexpr std::uint32_t kGssRequest = 80877104;
constexpr std::uint32_t kProtocol3 = 196608;

[[noreturn]] void Throw(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), "wire proxy: " + what);
}

std::uint32_t NumberAt(std::string_view bytes, std::size_t at) {
  std::array<unsigned char, 4> digits{};
  std::memcpy(digits.data(), bytes.data() + at, digits.size());
  std::uint32_t number = 0;
  for (const unsigned char digit : digits) number = number << 8 | digit;
  return number;
}

// The address of any of the socket calls, which take it by its oldest name.
template <typename Address>
sockaddr* Generic(Address& address) {
  return reinterpret_cast<sockaddr*>(&address);
}

Descriptor ConnectByFolder(const std::string& folder, const std::string& port) {
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (folder + "/.s.PGSQL." + port).copy(address.sun_path, sizeof address.sun_path - 1);
  if (::connect(socket.get(), Generic(address), sizeof address) != 0) Throw("connect");
  return socket;
}

void SendAtOnce(int socket) {
  const int yes = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

Descriptor ConnectByName(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) Throw("no address");
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, &::freeaddrinfo);
  Descriptor socket(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(socket.get(), found->ai_addr, found->ai_addrlen) != 0) Throw("connect");
  SendAtOnce(socket.get());
  return socket;
}

Descriptor ConnectTo(const ConnectionUrl& server) {
  const std::string given = server.Get("port");
  const std::string port = given.empty() ? "5432" : given;
  const std::string host =
      server.Get("hostaddr").empty() ? server.Get("host") : server.Get("hostaddr");
  return host.starts_with('/') ? ConnectByFolder(host, port) : ConnectByName(host, port);
}

Descriptor ListenOnLoopback() {
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(socket.get(), Generic(address), sizeof address) != 0) Throw("bind");
  if (::listen(socket.get(), SOMAXCONN) != 0) Throw("listen");
  return socket;
}

int PortOf(int socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket, Generic(address), &size) != 0) Throw("getsockname");
  return ntohs(address.sin_port);
}

bool SendAll(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

// Appends what is there; says false at the end of the stream.
bool Receive(int socket, std::string& bytes) {
  std::array<char, 65536> chunk{};
  const ssize_t count = ::recv(socket, chunk.data(), chunk.size(), 0);
  if (count < 0 && errno == EINTR) return true;
  if (count <= 0) return false;
  bytes.append(chunk.data(), static_cast<std::size_t>(count));
  return true;
}

// The value of `key` in a startup message: pairs of texts, each ended by a zero byte.
std::string ParameterOf(std::string_view pairs, std::string_view key) {
  std::vector<std::string_view> texts;
  for (std::size_t end = 0; (end = pairs.find('\0')) != pairs.npos; pairs.remove_prefix(end + 1)) {
    texts.push_back(pairs.substr(0, end));
  }
  for (std::size_t i = 0; i + 1 < texts.size(); i += 2) {
    if (texts[i] == key) return std::string(texts[i + 1]);
  }
  return {};
}

// A message of our buffer, and how many bytes it takes.
struct Framed {
  WireMessage message;
  std::size_t size = 0;
};

// Nothing while its end has not come.
std::optional<Framed> FrameOf(std::string_view bytes, bool has_type) {
  const std::size_t header = has_type ? 5 : 4;
  if (bytes.size() < header) return {};
  const std::size_t size = NumberAt(bytes, header - 4) + header - 4;
  if (bytes.size() < size) return {};
  return Framed{{has_type ? bytes[0] : '\0', bytes.substr(header, size - header)}, size};
}

}  // namespace

// Thread: its own.
class WireProxy::Connection {
 public:
  Connection(WireProxy& proxy, Descriptor client, WireCount& count)
      : proxy_(proxy),
        client_(std::move(client)),
        server_(ConnectTo(proxy.server_)),
        policy_(proxy.policy_ ? proxy.policy_() : std::make_unique<WirePolicy>()),
        count_(count) {}

  void Run() {
    std::array<pollfd, 4> watched{{{client_.get(), POLLIN, 0},
                                   {server_.get(), POLLIN, 0},
                                   {proxy_.end_.get(), POLLIN, 0},
                                   {policy_->wake(), POLLIN, 0}}};
    for (;;) {
      if (::poll(watched.data(), watched.size(), -1) < 0) continue;
      if (watched[2].revents != 0) return;
      if (watched[3].revents != 0 && Ends(policy_->OnWake())) return;
      if (watched[1].revents != 0 && !FromServer()) return;
      if (watched[0].revents != 0 && !FromClient()) return;
    }
  }

 private:
  enum class Stage {
    kStartup,      // the client's messages have no type yet
    kNegotiation,  // one byte of the server answers a request for encryption
    kTyped,
    kOpaque,  // encrypted, or a request to cancel
  };

  // Says false when the connection ends, by itself or by its policy.
  bool FromClient() {
    if (!Receive(client_.get(), from_client_)) return false;
    while (stage_ != Stage::kOpaque && stage_ != Stage::kNegotiation) {
      const auto framed = FrameOf(from_client_, stage_ == Stage::kTyped);
      if (!framed) return true;
      if (!Forward(*framed, policy_->OnRequest(framed->message), true)) return false;
    }
    return stage_ != Stage::kOpaque || SendOpaque(from_client_, true);
  }

  bool FromServer() {
    if (!Receive(server_.get(), from_server_)) return false;
    if (stage_ == Stage::kNegotiation) return PassNegotiationAnswer();
    while (stage_ != Stage::kOpaque) {
      const auto framed = FrameOf(from_server_, true);
      if (!framed) return true;
      if (!Forward(*framed, policy_->OnAnswer(framed->message), false)) return false;
    }
    return SendOpaque(from_server_, false);
  }

  // 'S' and 'G' grant encryption; 'N' says no, and the client begins again in plain text.
  bool PassNegotiationAnswer() {
    stage_ = from_server_[0] == 'N' ? Stage::kStartup : Stage::kOpaque;
    return SendOpaque(from_server_, false);
  }

  bool Ends(WireVerdict verdict) const {
    // Closed with a linger of zero, a connection is reset.
    const linger none{1, 0};
    if (verdict == WireVerdict::kReset) {
      ::setsockopt(client_.get(), SOL_SOCKET, SO_LINGER, &none, sizeof none);
    }
    return verdict == WireVerdict::kCut || verdict == WireVerdict::kReset;
  }

  bool Forward(const Framed& framed, WireVerdict verdict, bool to_server) {
    if (Ends(verdict)) return false;
    std::string& buffer = to_server ? from_client_ : from_server_;
    if (verdict == WireVerdict::kPass) {
      // Counted first: whoever has seen the answer finds it counted.
      to_server ? NoteRequest(framed.message) : NoteAnswer(framed.message);
      if (!Send(std::string_view(buffer).substr(0, framed.size), to_server)) return false;
    }
    buffer.erase(0, framed.size);
    return true;
  }

  void NoteRequest(const WireMessage& message) {
    if (stage_ == Stage::kStartup) return NoteStartup(message.body);
    // A simple query, the end of an extended one, a function call.
    if (message.type == 'Q' || message.type == 'S' || message.type == 'F') ++unanswered_;
  }

  void NoteStartup(std::string_view body) {
    const std::uint32_t code = NumberAt(body, 0);
    if (code == kSslRequest || code == kGssRequest) {
      stage_ = Stage::kNegotiation;
    } else if (code == kProtocol3) {
      stage_ = Stage::kTyped;
      const std::lock_guard guard(proxy_.mutex_);
      count_.application_name = ParameterOf(body.substr(4), "application_name");
    } else {
      stage_ = Stage::kOpaque;
    }
  }

  // The first ReadyForQuery ends the startup; nobody has asked for it.
  void NoteAnswer(const WireMessage& message) {
    if (message.type != 'Z' || unanswered_ == 0) return;
    --unanswered_;
    const std::lock_guard guard(proxy_.mutex_);
    ++count_.round_trips;
  }

  bool SendOpaque(std::string& buffer, bool to_server) {
    const bool sent = Send(buffer, to_server);
    buffer.clear();
    return sent;
  }

  bool Send(std::string_view bytes, bool to_server) {
    {
      const std::lock_guard guard(proxy_.mutex_);
      (to_server ? count_.bytes_to_server : count_.bytes_to_client) += std::ssize(bytes);
    }
    const std::size_t slice = policy_->slice() == 0 ? bytes.size() : policy_->slice();
    while (!bytes.empty()) {
      if (!SendAll(to_server ? server_.get() : client_.get(), bytes.substr(0, slice))) return false;
      bytes.remove_prefix(std::min(slice, bytes.size()));
    }
    return true;
  }

  WireProxy& proxy_;
  Descriptor client_;
  Descriptor server_;
  std::unique_ptr<WirePolicy> policy_;
  WireCount& count_;  // guarded by the proxy's mutex_
  Stage stage_ = Stage::kStartup;
  std::string from_client_;  // came and is not a whole message yet
  std::string from_server_;
  int unanswered_ = 0;
};

WireProxy::WireProxy(const ConnectionUrl& server, WirePolicyFactory policy)
    : server_(server),
      policy_(std::move(policy)),
      listening_(ListenOnLoopback()),
      end_(::eventfd(0, EFD_CLOEXEC)) {
  url_ = server.With("host", "127.0.0.1")
             .With("hostaddr", "127.0.0.1")
             .With("port", std::to_string(PortOf(listening_.get())));
  accepting_ = std::jthread([this] { Accept(); });
}

WireProxy::~WireProxy() {
  ::eventfd_write(end_.get(), 1);
  accepting_.join();
}

void WireProxy::Accept() {
  std::array<pollfd, 2> watched{{{listening_.get(), POLLIN, 0}, {end_.get(), POLLIN, 0}}};
  for (;;) {
    if (::poll(watched.data(), watched.size(), -1) < 0) continue;
    if (watched[1].revents != 0) return;
    Descriptor client(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!client.open()) continue;
    SendAtOnce(client.get());
    const std::lock_guard guard(mutex_);
    WireCount& count = *counts_.emplace_back(std::make_unique<WireCount>());
    threads_.emplace_back([this, &count, accepted = std::move(client)]() mutable {
      try {
        Connection(*this, std::move(accepted), count).Run();
      } catch (const std::system_error&) {
        // No server: the client sees its connection closed.
      }
    });
  }
}

std::vector<WireCount> WireProxy::connections() const {
  const std::lock_guard guard(mutex_);
  std::vector<WireCount> counts;
  for (const auto& count : counts_) counts.push_back(*count);
  return counts;
}

int WireProxy::RoundTripsOf(std::string_view application_name) const {
  int round_trips = 0;
  for (const WireCount& count : connections()) {
    if (count.application_name == application_name) round_trips += count.round_trips;
  }
  return round_trips;
}

}  // namespace lockstep
