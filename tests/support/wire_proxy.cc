#include "support/wire_proxy.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <stdexcept>
#include <system_error>

#include "support/delay_line.h"
#include "support/round_trips.h"

namespace lockstep {
namespace {

constexpr std::uint32_t kSslRequest = 80877103;
constexpr std::uint32_t kGssRequest = 80877104;
constexpr std::uint32_t kProtocol3 = 196608;

[[noreturn]] void Throw(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), "wire proxy: " + what);
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

Descriptor ListenOnLoopback(int port) {
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int yes = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
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

// The kernel wakes us that much late. We wake earlier, and look again and again until it is time.
constexpr std::chrono::microseconds kWaking{50};

// No longer than until `due`, and perhaps not as long; nothing: as long as it takes.
void WaitFor(std::vector<pollfd>& watched, std::optional<SteadyTime> due) {
  timespec left{};
  if (due) {
    const Duration wait = std::max(Duration(0), Duration(*due - kWaking - SystemClock().Now()));
    left = {.tv_sec = wait / std::chrono::seconds(1),
            .tv_nsec = (wait % std::chrono::seconds(1)).count()};
  }
  if (::ppoll(watched.data(), watched.size(), due ? &left : nullptr, nullptr) >= 0) return;
  for (pollfd& each : watched) each.revents = 0;
}

}  // namespace

// The server is at the far end of two lines: what a client sends is judged and counted before the
// one, and what the server answers after the other, so that it counts as the client sees it.
// Thread: its own.
class WireProxy::Connection {
 public:
  Connection(WireProxy& proxy, const Descriptor& client, WireCount& count)
      : proxy_(proxy),
        to_server_(proxy.options_.round_trip / 2, SystemClock().Now() + proxy.options_.round_trip),
        to_client_(proxy.options_.round_trip / 2),
        client_(client),
        server_(ConnectTo(proxy.server_)),
        policy_(proxy.policy_ ? proxy.policy_() : std::make_unique<WirePolicy>()),
        count_(count) {}

  void Run() {
    // The kernel may wake us later than asked by so many nanoseconds, and otherwise by 50,000.
    ::prctl(PR_SET_TIMERSLACK, 1);
    std::vector<pollfd> watched{{client_.get(), POLLIN, 0},
                                {server_.get(), POLLIN, 0},
                                {proxy_.end_.get(), POLLIN, 0},
                                {policy_->wake(), POLLIN, 0}};
    for (;;) {
      WaitFor(watched, NextDue());
      if (watched[2].revents != 0) return;
      if (watched[3].revents != 0 && Ends(policy_->OnWake())) return;
      const SteadyTime now = SystemClock().Now();
      // Who has gone is not asked again.
      if (watched[1].revents != 0 && !FromServer(now)) watched[1].fd = -1;
      if (watched[0].revents != 0 && !FromClient(now)) watched[0].fd = -1;
      DeliverToClient(now);
      DeliverToServer(now);
      if (cut_ || to_client_.ended() || to_server_.ended()) return;
    }
  }

 private:
  enum class Stage {
    kStartup,      // the client's messages have no type yet
    kNegotiation,  // one byte of the server answers a request for encryption
    kTyped,
    kOpaque,  // encrypted, or a request to cancel
  };

  std::optional<SteadyTime> NextDue() const {
    const auto one = to_server_.due(), other = to_client_.due();
    return one && other ? std::min(one, other) : one ? one : other;
  }

  // Says false at the end of the stream.
  bool FromServer(SteadyTime now) {
    std::string bytes;
    const bool more = Receive(server_.get(), bytes);
    if (more) to_client_.Put(bytes, now);
    if (!more) to_client_.End(now);
    return more;
  }

  bool FromClient(SteadyTime now) {
    const bool more = Receive(client_.get(), from_client_);
    if (more) to_server_.Put(PassedRequests(), now);
    if (!more) to_server_.End(now);
    return more;
  }

  void DeliverToServer(SteadyTime now) { Send(server_.get(), to_server_.Take(now)); }

  void DeliverToClient(SteadyTime now) {
    from_server_ += to_client_.Take(now);
    if (!from_server_.empty()) Send(client_.get(), PassedAnswers());
  }

  // Of what came of the client's whole messages, what is passed on.
  std::string PassedRequests() {
    std::string passed;
    std::string_view rest = from_client_;
    while (!cut_ && (stage_ == Stage::kStartup || stage_ == Stage::kTyped)) {
      const auto framed = FrameOf(rest, stage_ == Stage::kTyped);
      if (!framed) break;
      if (Passes(policy_->OnRequest(framed->message))) {
        passed += rest.substr(0, framed->size);
        NoteRequest(framed->message);
      }
      rest.remove_prefix(framed->size);
    }
    if (stage_ == Stage::kOpaque) passed += std::exchange(rest, {});
    from_client_.erase(0, from_client_.size() - rest.size());
    Count(passed.size(), count_.bytes_to_server);
    return passed;
  }

  // The same of the server's. Counted before it is sent: whoever has seen the answer finds it
  // counted.
  std::string PassedAnswers() {
    std::string passed;
    std::string_view rest = from_server_;
    if (stage_ == Stage::kNegotiation) EndNegotiation(rest[0]);
    while (!cut_ && stage_ == Stage::kTyped) {
      const auto framed = FrameOf(rest, true);
      if (!framed) break;
      if (Passes(policy_->OnAnswer(framed->message))) {
        passed += rest.substr(0, framed->size);
        NoteAnswer(framed->message.type);
      }
      rest.remove_prefix(framed->size);
    }
    if (stage_ != Stage::kTyped) passed += std::exchange(rest, {});
    from_server_.erase(0, from_server_.size() - rest.size());
    Count(passed.size(), count_.bytes_to_client);
    return passed;
  }

  bool Ends(WireVerdict verdict) const {
    // Closed with a linger of zero, a connection is reset.
    const linger none{1, 0};
    if (verdict == WireVerdict::kReset) {
      ::setsockopt(client_.get(), SOL_SOCKET, SO_LINGER, &none, sizeof none);
    }
    return verdict == WireVerdict::kCut || verdict == WireVerdict::kReset;
  }

  bool Passes(WireVerdict verdict) {
    cut_ = Ends(verdict);
    return verdict == WireVerdict::kPass;
  }

  void NoteRequest(const WireMessage& message) {
    round_trips_.NoteRequest(message.type);
    if (stage_ == Stage::kStartup) NoteStartup(message.body);
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
      BeOpaque();
    }
  }

  // 'S' and 'G' grant encryption; 'N' says no, and the client begins again in plain text.
  void EndNegotiation(char answer) {
    NoteAnswer(0);
    stage_ = Stage::kStartup;
    if (answer != 'N') BeOpaque();
  }

  void BeOpaque() {
    stage_ = Stage::kOpaque;
    const std::lock_guard guard(proxy_.mutex_);
    count_.opaque = true;
  }

  void NoteAnswer(char type) {
    const bool starting = round_trips_.starting();
    if (!round_trips_.NoteAnswer(type)) return;
    const std::lock_guard guard(proxy_.mutex_);
    ++(starting ? count_.startup_round_trips : count_.round_trips);
  }

  void Count(std::size_t bytes, long long& count) {
    const std::lock_guard guard(proxy_.mutex_);
    count += static_cast<long long>(bytes);
  }

  // Whoever takes no more has gone, and is seen to have when its side is read.
  void Send(int socket, std::string_view bytes) {
    const std::size_t slice = policy_->slice() == 0 ? bytes.size() : policy_->slice();
    while (!bytes.empty() && SendAll(socket, bytes.substr(0, slice))) {
      bytes.remove_prefix(std::min(slice, bytes.size()));
    }
  }

  WireProxy& proxy_;
  DelayLine to_server_;
  DelayLine to_client_;
  const Descriptor& client_;
  Descriptor server_;
  std::unique_ptr<WirePolicy> policy_;
  WireCount& count_;  // guarded by the proxy's mutex_
  RoundTrips round_trips_;
  Stage stage_ = Stage::kStartup;
  std::string from_client_;  // came and is not a whole message yet
  std::string from_server_;
  bool cut_ = false;
};

WireProxy::WireProxy(const ConnectionUrl& server, WirePolicyFactory policy, WireOptions options)
    : server_(server),
      policy_(std::move(policy)),
      options_(options),
      listening_(ListenOnLoopback(options.port)),
      end_(::eventfd(0, EFD_CLOEXEC)) {
  url_ = server.With("host", "127.0.0.1")
             .With("hostaddr", "127.0.0.1")
             .With("port", std::to_string(PortOf(listening_.get())));
  accepting_ = std::jthread([this] { Accept(); });
}

WireProxy::~WireProxy() {
  ::eventfd_write(end_.get(), 1);
  accepting_.join();
  std::unique_lock lock(mutex_);
  closed_.wait(lock, [this] { return open_.empty(); });
}

void WireProxy::Accept() {
  std::array<pollfd, 2> watched{{{listening_.get(), POLLIN, 0}, {end_.get(), POLLIN, 0}}};
  for (;;) {
    if (::poll(watched.data(), watched.size(), -1) < 0) continue;
    if (watched[1].revents != 0) return;
    Descriptor client(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (client.open()) Begin(std::move(client));
  }
}

void WireProxy::Begin(Descriptor client) {
  SendAtOnce(client.get());
  const std::lock_guard guard(mutex_);
  ended_.clear();
  Served& served = *served_.emplace_back(std::make_unique<Served>());
  served.client = std::move(client);
  open_.push_back(&served);
  most_open_ = std::max(most_open_, Open());
  served.thread = std::jthread([this, &served] { Serve(served); });
}

void WireProxy::Serve(Served& served) {
  try {
    Connection(*this, served.client, served.count).Run();
  } catch (const std::system_error&) {
    // No server: the client sees its connection closed.
  }
  End(served);
}

void WireProxy::End(Served& served) {
  const std::lock_guard guard(mutex_);
  served.client.Close();
  served.count.open = false;
  std::erase(open_, &served);
  ended_.push_back(std::move(served.thread));
  closed_.notify_all();
}

int WireProxy::Open() const {
  std::vector<pollfd> clients;
  for (const Served* served : open_) clients.push_back({served->client.get(), POLLRDHUP, 0});
  ::poll(clients.data(), clients.size(), 0);
  const auto there = [](const pollfd& client) { return client.revents == 0; };
  return static_cast<int>(std::count_if(clients.begin(), clients.end(), there));
}

std::vector<WireCount> WireProxy::connections() const {
  const std::lock_guard guard(mutex_);
  std::vector<WireCount> counts;
  for (const auto& served : served_) counts.push_back(served->count);
  return counts;
}

int WireProxy::RoundTripsOf(std::string_view application_name) const {
  int round_trips = 0;
  for (const WireCount& count : connections()) {
    if (count.application_name == application_name) round_trips += count.round_trips;
  }
  return round_trips;
}

WireTraffic WireProxy::TakeTraffic() {
  const std::lock_guard guard(mutex_);
  WireTraffic traffic{{}, std::exchange(most_open_, Open())};
  for (const auto& served : served_) {
    WireCount& count = served->count;
    traffic.connections.push_back(count);
    count = {
        .application_name = count.application_name, .opaque = count.opaque, .open = count.open};
  }
  std::erase_if(served_, [](const auto& served) { return !served->count.open; });
  return traffic;
}

bool WireProxy::WaitUntilClosed(Duration patience) const {
  std::unique_lock lock(mutex_);
  return closed_.wait_for(lock, patience, [this] { return open_.empty(); });
}

}  // namespace lockstep
