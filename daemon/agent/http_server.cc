#include "agent/http_server.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cerrno>
#include <cstdio>
#include <deque>
#include <exception>
#include <limits>
#include <optional>
#include <set>
#include <variant>

#include "agent/http_address.h"
#include "agent/http_caller.h"
#include "agent/http_head.h"
#include "agent/http_target.h"
#include "base/error.h"
#include "base/fail_point.h"

namespace lockstep {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using Milliseconds = std::chrono::milliseconds;
using SteadyTime = std::chrono::steady_clock::time_point;

// How much one call reads.
constexpr std::size_t kReadSize = 8192;
// So many connections are taken at once before others have their turn.
constexpr int kAcceptsAtOnce = 16;
// How long accepting rests when the process has no descriptor left.
constexpr Milliseconds kPause{100};
// How long a client has to take notice that we close. Closing at once, with bytes of it unread,
// would reset the connection, and the client could lose the answer that says why.
constexpr Milliseconds kFarewell{1000};

class Connection;

// What the connections of one server share. Thread: io.
struct Service {
  HttpResponse Problem(int status, std::string_view detail) const;
  void Refused(std::string_view why) const {
    if (events.on_refused) events.on_refused(why);
  }

  HttpLimits limits;
  HttpHandler handler;
  HttpProblem problem;
  HttpEvents events;
  bool stopping = false;
  std::function<void()> on_last_gone;  // while stopping
  // Owns them, until each takes itself out.
  std::set<std::shared_ptr<Connection>> connections;
};

HttpResponse Service::Problem(int status, std::string_view detail) const {
  try {
    return problem(status, detail);
  } catch (...) {
    return {status, "text/plain; charset=utf-8", std::string(detail) + "\n"};
  }
}

// A timer that does one thing when its time has come. A handler that was on its way already when
// the timer was set again, cleared or destroyed is told apart by the time; so it shares the timer.
class Deadline {
 public:
  explicit Deadline(asio::io_context& io) : timer_(std::make_shared<asio::steady_timer>(io)) {}
  ~Deadline() { Clear(); }
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  template <typename Action>
  void Set(Milliseconds span, Action action) {
    timer_->expires_after(span);
    timer_->async_wait([timer = timer_, action = std::move(action)](error_code error) {
      if (error || timer->expiry() > std::chrono::steady_clock::now()) return;
      action();
    });
  }
  void Clear() { timer_->expires_at(SteadyTime::max()); }

 private:
  std::shared_ptr<asio::steady_timer> timer_;
};

// One client: its requests one after the other. Reads ahead while an answer is being made, to
// notice a client that leaves, but no further than its buffer.
//
//   arriving -> answering -> arriving ...            keep-alive
//                         -> leaving -> closed       half closed, what still comes is thrown away
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(asio::io_context& io, std::shared_ptr<Service> service, Caller caller)
      : service_(std::move(service)),
        socket_(io),
        deadline_(io),
        write_deadline_(io),
        in_(service_->limits.header + kReadSize) {
    request_.caller = std::move(caller);
  }

  // Takes the descriptor over; says false when it cannot be watched.
  bool Take(Descriptor& peer);
  const Caller& caller() const { return request_.caller; }
  bool admitted() const { return admitted_; }
  void Start();
  // Answers so without a request, and closes.
  void Refuse(int status, std::string_view detail, std::string_view why);
  // Closes when there is nothing under way, otherwise after this request.
  void StopWhenIdle();
  void Close();

  // For the reply. Each does nothing once the connection is closed.
  bool closed() const { return phase_ == Phase::kClosed; }
  bool wants_body() const { return !head_only_; }
  void SendWhole(HttpResponse response);
  void BeginStream(HttpResponse head);
  void WritePiece(std::string piece);
  void EndStream();
  void Fail(std::string_view what);

 private:
  enum class Phase { kArriving, kAnswering, kLeaving, kClosed };

  void NextRequest(Milliseconds patience);
  void Watch();
  void OnReadable(error_code error);
  void DropBytes(error_code& error);
  void OnBytes(std::size_t count);
  void OnNoMore(bool orderly);
  bool HasBegun() const { return in_.size() > 0 || head_bytes_ > 0; }
  // To the client, for its next bytes or its end.
  void GiveTime(Milliseconds span);
  void OnTimeOver();

  void Parse();
  bool ParseSome();
  void OnParseError(error_code error);
  bool CheckHead();
  bool CheckExpectation();
  void Dispatch();
  void CallHandler();

  void Enqueue(std::string text);
  void EnqueueHead(const HttpResponse& response, HttpFraming framing);
  void Flush();
  void OnWritten(error_code error);
  void OnAnswered();
  void Report();
  void Lose(std::string_view why);
  void Leave();

  std::shared_ptr<Service> service_;
  asio::generic::stream_protocol::socket socket_;
  Deadline deadline_;        // of what the client has to send
  Deadline write_deadline_;  // of what it has to take
  Phase phase_ = Phase::kArriving;
  bool admitted_ = false;  // counts against the limits

  boost::beast::flat_buffer in_;
  bool watching_ = false;  // the socket is being waited for
  bool ended_ = false;     // nothing more will come

  // Of the request.
  std::optional<http::request_parser<http::string_body>> parser_;
  std::size_t head_bytes_ = 0;
  HttpRequest request_;
  std::optional<SteadyTime> handled_;  // when the handler was called
  bool old_client_ = false;
  bool keep_alive_ = false;
  bool head_only_ = false;

  // Of its answer.
  int status_ = 0;
  bool chunked_ = false;
  bool answered_ = false;  // all of it is in out_ or on its way
  std::deque<std::string> out_;
  std::deque<std::string> batch_;  // being written
  std::size_t unsent_ = 0;         // bytes of both
  bool writing_ = false;
};

// What a handler holds of an answer: it outlives the connection.
class Reply : public HttpReply {
 public:
  explicit Reply(const std::shared_ptr<Connection>& connection) : connection_(connection) {}
  ~Reply() override {
    if (gone()) return;
    connection_.lock()->Fail("a request was let go without the end of its answer");
  }
  Reply(const Reply&) = delete;
  Reply& operator=(const Reply&) = delete;

  void Send(HttpResponse response) override {
    if (begun_ || gone()) return;
    done_ = true;
    connection_.lock()->SendWhole(std::move(response));
  }
  void Begin(HttpResponse head) override {
    if (begun_ || gone()) return;
    begun_ = true;
    const auto connection = connection_.lock();
    connection->BeginStream(std::move(head));
    done_ = !connection->wants_body();
  }
  void Write(std::string piece) override {
    if (begun_ && !gone()) connection_.lock()->WritePiece(std::move(piece));
  }
  void End() override {
    if (!begun_ || gone()) return;
    done_ = true;
    connection_.lock()->EndStream();
  }
  bool gone() const override {
    if (done_) return true;
    const auto connection = connection_.lock();
    return !connection || connection->closed();
  }
  // The handler has thrown: this is over, whatever it still holds of it.
  void Abandon(std::string_view what) {
    const auto connection = connection_.lock();
    if (connection && !connection->closed()) connection->Fail(what);
    done_ = true;
  }

 private:
  std::weak_ptr<Connection> connection_;
  bool begun_ = false;
  bool done_ = false;
};

// Coming and going.

bool Connection::Take(Descriptor& peer) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(peer.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) return false;
  error_code error;
  socket_.assign({address.ss_family, 0}, peer.get(), error);
  if (error) return false;
  peer.Release();
  socket_.non_blocking(true, error);
  if (request_.caller.door == Door::kTcp) socket_.set_option(asio::ip::tcp::no_delay(true), error);
  return true;
}

void Connection::Start() {
  admitted_ = true;
  // No idle time yet: who connects has something to ask.
  NextRequest(service_->limits.request_time);
}

void Connection::NextRequest(Milliseconds patience) {
  phase_ = Phase::kArriving;
  parser_.emplace();
  parser_->eager(false);
  parser_->header_limit(static_cast<std::uint32_t>(
      std::min<std::size_t>(service_->limits.header, std::numeric_limits<std::uint32_t>::max())));
  parser_->body_limit(service_->limits.body);
  head_bytes_ = 0;
  handled_.reset();
  status_ = 0;
  answered_ = false;
  head_only_ = false;
  GiveTime(patience);
  Parse();
}

void Connection::GiveTime(Milliseconds span) {
  deadline_.Set(span, [self = weak_from_this()] {
    if (const auto connection = self.lock()) connection->OnTimeOver();
  });
}

void Connection::OnTimeOver() {
  if (phase_ == Phase::kLeaving || !HasBegun()) return Close();
  Refuse(408, "the request did not arrive in time: send it at once", http_refusal::kTimeout);
}

void Connection::StopWhenIdle() {
  if (phase_ == Phase::kArriving && !HasBegun()) Close();
}

// What was asked but not answered in full is counted with the status that it has got.
void Connection::Close() {
  if (closed()) return;
  Report();
  phase_ = Phase::kClosed;
  deadline_.Clear();
  write_deadline_.Clear();
  error_code ignored;
  socket_.close(ignored);
  service_->connections.erase(shared_from_this());
  if (service_->stopping && service_->connections.empty()) service_->on_last_gone();
}

void Connection::Leave() {
  phase_ = Phase::kLeaving;
  error_code ignored;
  socket_.shutdown(asio::socket_base::shutdown_send, ignored);
  if (ended_) return Close();
  GiveTime(kFarewell);
  Watch();
}

void Connection::Lose(std::string_view why) {
  service_->Refused(why);
  Close();
}

// Reading.

void Connection::Watch() {
  if (watching_ || ended_ || closed()) return;
  watching_ = true;
  socket_.async_wait(asio::socket_base::wait_read,
                     [self = shared_from_this()](error_code error) { self->OnReadable(error); });
}

void Connection::OnReadable(error_code error) {
  watching_ = false;
  if (closed()) return;
  const std::size_t room = std::min(kReadSize, in_.max_size() - in_.size());
  std::size_t count = 0;
  if (phase_ == Phase::kLeaving) {
    if (!error) DropBytes(error);
  } else if (room > 0 && !error) {
    count = socket_.read_some(in_.prepare(room), error);
  }
  if (error && error != asio::error::would_block) return OnNoMore(error == asio::error::eof);
  if (count > 0) return OnBytes(count);
  if (phase_ == Phase::kLeaving || room > 0) Watch();
}

void Connection::DropBytes(error_code& error) {
  std::array<char, kReadSize> bytes;
  socket_.read_some(asio::buffer(bytes), error);
}

void Connection::OnBytes(std::size_t count) {
  const bool first = !HasBegun();
  in_.commit(count);
  if (phase_ == Phase::kAnswering) {
    // The next request, early. Wait on for the end of the stream, while there is room.
    if (!answered_ && in_.size() < in_.max_size()) Watch();
    return;
  }
  if (first) GiveTime(service_->limits.request_time);
  Parse();
}

void Connection::OnNoMore(bool orderly) {
  ended_ = true;
  if (phase_ == Phase::kLeaving) return Close();
  if (phase_ == Phase::kAnswering) {
    // Who has sent all that it wanted still gets an answer that is there.
    if (!answered_ || !orderly) Lose(http_refusal::kGone);
    return;
  }
  if (!HasBegun() || !orderly) return Close();
  Refuse(400, "the request ends in its middle", http_refusal::kBadRequest);
}

void Connection::Parse() {
  while (!parser_->is_done()) {
    if (in_.size() == 0 || !ParseSome()) break;
  }
  if (phase_ != Phase::kArriving) return;
  if (parser_->is_done()) return Dispatch();
  if (ended_) return OnNoMore(true);
  Watch();
}

// Says false when it takes more bytes to go on, or when there is no going on.
bool Connection::ParseSome() {
  const bool in_head = !parser_->is_header_done();
  error_code error;
  const std::size_t used = parser_->put(in_.data(), error);
  in_.consume(used);
  if (in_head) head_bytes_ += used;
  // Beast limits the request line and the fields, each by itself.
  const std::size_t pending = parser_->is_header_done() ? 0 : in_.size();
  if (in_head && head_bytes_ + pending > service_->limits.header) error = http::error::header_limit;
  if (error == http::error::need_more && in_.size() < in_.max_size()) return false;
  if (error) {
    OnParseError(error);
    return false;
  }
  return !in_head || !parser_->is_header_done() || CheckHead();
}

void Connection::OnParseError(error_code error) {
  keep_alive_ = false;
  if (error == http::error::header_limit || error == http::error::need_more) {
    return Refuse(431,
                  "the header is larger than " + std::to_string(service_->limits.header) + " bytes",
                  http_refusal::kTooLarge);
  }
  if (error == http::error::body_limit || error == http::error::buffer_overflow) {
    return Refuse(413,
                  "the body is larger than " + std::to_string(service_->limits.body) + " bytes",
                  http_refusal::kTooLarge);
  }
  Refuse(400, "this is no HTTP/1.1 request: " + error.message(), http_refusal::kBadRequest);
}

// Says false when the request is refused.
bool Connection::CheckHead() {
  const auto& head = parser_->get();
  old_client_ = head.version() < 11;
  keep_alive_ = head.keep_alive();
  head_only_ = head.method() == http::verb::head;
  // Beast passes over encodings that it does not know, and would take the body for the next
  // request.
  const auto coding = head.find(http::field::transfer_encoding);
  if (coding != head.end() && !boost::beast::iequals(coding->value(), "chunked")) {
    Refuse(501, "no transfer encoding but 'chunked' is known", http_refusal::kBadRequest);
    return false;
  }
  return CheckExpectation();
}

bool Connection::CheckExpectation() {
  const auto& head = parser_->get();
  const auto expectation = head.find(http::field::expect);
  if (expectation == head.end() || old_client_) return true;
  if (!boost::beast::iequals(expectation->value(), "100-continue")) {
    Refuse(417, "no expectation but '100-continue' is known", http_refusal::kBadRequest);
    return false;
  }
  if (!parser_->is_done() && in_.size() == 0) {
    Enqueue("HTTP/1.1 100 Continue\r\n\r\n");
    Flush();
  }
  return true;
}

// Asking.

void Connection::Dispatch() {
  deadline_.Clear();
  phase_ = Phase::kAnswering;
  auto message = parser_->release();
  const std::string_view text(message.target().data(), message.target().size());
  auto parsed = ParseHttpTarget(text);
  if (const auto* fault = std::get_if<HttpTargetFault>(&parsed)) {
    service_->Refused(http_refusal::kBadRequest);
    return SendWhole(service_->Problem(400, fault->detail));
  }
  auto& target = std::get<HttpTarget>(parsed);
  request_.method = head_only_ ? "GET" : std::string(message.method_string());
  request_.path = std::move(target.path);
  request_.query = std::move(target.query);
  request_.body = std::move(message.body());
  request_.idempotency_key = std::string(message["Idempotency-Key"]);
  request_.accept = std::string(message[http::field::accept]);
  CallHandler();
}

void Connection::CallHandler() {
  handled_ = std::chrono::steady_clock::now();
  {
    const auto reply = std::make_shared<Reply>(shared_from_this());
    try {
      service_->handler(request_, reply);
    } catch (const std::exception& error) {
      reply->Abandon(error.what());
    } catch (...) {
      reply->Abandon("something that is no exception");
    }
  }
  if (phase_ == Phase::kAnswering && !answered_) Watch();
}

// An answer that has begun cannot become another one: it breaks off, so that nobody takes it for
// whole.
void Connection::Fail(std::string_view what) {
  if (service_->events.on_error) service_->events.on_error(what, request_);
  if (answered_) return;
  if (status_ != 0) return Close();
  SendWhole(service_->Problem(500, "an error inside the agent; its log says more"));
}

// Answering.

void Connection::Refuse(int status, std::string_view detail, std::string_view why) {
  service_->Refused(why);
  deadline_.Clear();
  phase_ = Phase::kAnswering;
  keep_alive_ = false;
  SendWhole(service_->Problem(status, detail));
}

void Connection::EnqueueHead(const HttpResponse& response, HttpFraming framing) {
  if (service_->stopping) keep_alive_ = false;
  framing.old_client = old_client_;
  framing.keep_alive = keep_alive_;
  status_ = response.status;
  Enqueue(MakeHttpHead(response, framing));
}

void Connection::SendWhole(HttpResponse response) {
  EnqueueHead(response, {.length = response.body.size()});
  if (!head_only_ && !HasNoBody(response.status)) Enqueue(std::move(response.body));
  answered_ = true;
  Flush();
}

void Connection::BeginStream(HttpResponse head) {
  chunked_ = !old_client_;
  // The end of the connection is the end of the answer for those who know no chunks.
  if (!chunked_) keep_alive_ = false;
  EnqueueHead(head, {.chunked = chunked_});
  answered_ = head_only_;
  Flush();
  WritePiece(std::move(head.body));
}

void Connection::WritePiece(std::string piece) {
  // An empty chunk would be the end.
  if (piece.empty() || head_only_) return;
  if (unsent_ > service_->limits.unsent) return Lose(http_refusal::kSlowReader);
  if (chunked_) {
    std::array<char, 24> size{};
    std::snprintf(size.data(), size.size(), "%zx\r\n", piece.size());
    Enqueue(size.data());
  }
  Enqueue(std::move(piece));
  if (chunked_) Enqueue("\r\n");
  Flush();
}

void Connection::EndStream() {
  if (chunked_) Enqueue("0\r\n\r\n");
  answered_ = true;
  Flush();
}

void Connection::Enqueue(std::string text) {
  if (text.empty()) return;
  unsent_ += text.size();
  out_.push_back(std::move(text));
}

// Writes all that has gathered, by one call where the socket takes it; its own time for each.
void Connection::Flush() {
  if (writing_ || closed()) return;
  if (out_.empty()) {
    if (answered_) OnAnswered();
    return;
  }
  writing_ = true;
  batch_.swap(out_);
  std::vector<asio::const_buffer> buffers;
  buffers.reserve(batch_.size());
  for (const std::string& text : batch_) buffers.push_back(asio::buffer(text));
  write_deadline_.Set(service_->limits.write_time, [self = weak_from_this()] {
    if (const auto connection = self.lock()) connection->Lose(http_refusal::kSlowReader);
  });
  asio::async_write(
      socket_, std::move(buffers),
      [self = shared_from_this()](error_code error, std::size_t) { self->OnWritten(error); });
}

void Connection::OnWritten(error_code error) {
  if (closed()) return;
  writing_ = false;
  write_deadline_.Clear();
  if (error) return Lose(http_refusal::kGone);
  for (const std::string& text : batch_) unsent_ -= text.size();
  batch_.clear();
  Flush();
}

void Connection::OnAnswered() {
  Report();
  if (!keep_alive_ || service_->stopping) return Leave();
  NextRequest(service_->limits.idle_time);
}

// Once for each request.
void Connection::Report() {
  if (!handled_ || status_ == 0) return;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - *handled_;
  handled_.reset();
  if (service_->events.on_answer) service_->events.on_answer(status_, took.count(), request_);
}

}  // namespace

// The doors. Thread: io.
class HttpServer::Implementation : public std::enable_shared_from_this<HttpServer::Implementation> {
 public:
  Implementation(asio::io_context& io, std::shared_ptr<Service> service)
      : io_(io), service_(std::move(service)), grace_(io) {
    TakeReserve();
  }

  void Add(Descriptor listening, Door door);
  void Stop(Milliseconds grace);
  // Cuts everything off.
  void End();

  std::vector<std::string> addresses;

 private:
  struct Listener {
    Listener(asio::io_context& io, int descriptor, Door of)
        : door(of), socket(io, descriptor), pause(io) {}
    Door door;
    asio::posix::stream_descriptor socket;
    Deadline pause;
  };

  void Await(const std::shared_ptr<Listener>& listener);
  void AcceptSome(const std::shared_ptr<Listener>& listener);
  void OnNoDescriptor(const std::shared_ptr<Listener>& listener);
  void Admit(Descriptor peer, Door door);
  bool IsFull(const Caller& caller) const;
  void TakeReserve() { reserve_ = Descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

  asio::io_context& io_;
  std::shared_ptr<Service> service_;
  std::vector<std::shared_ptr<Listener>> listeners_;
  Descriptor reserve_;  // given up for a moment to tell one client that there are no others
  Deadline grace_;
};

namespace {

Descriptor AcceptOne(int listening) {
  return Descriptor(::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
}

// At a fail-point, as if the client had gone.
bool ClientIsGone() {
  try {
    FailPoint("socket_accept");
    return false;
  } catch (const Error&) {
    return true;
  }
}

// Of this process or of the machine: all clients are alike.
bool IsShortage(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

// What fits into the socket at once; nobody waits for the rest.
void SayNo(Descriptor peer, const HttpResponse& problem) {
  const std::string text =
      MakeHttpHead(problem, {.length = problem.body.size(), .keep_alive = false}) + problem.body;
  [[maybe_unused]] const auto sent =
      ::send(peer.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  ::shutdown(peer.get(), SHUT_WR);
}

template <typename Property>
int CountOf(const std::set<std::shared_ptr<Connection>>& connections, Property has) {
  return static_cast<int>(std::count_if(connections.begin(), connections.end(),
                                        [&](const auto& each) { return has(*each); }));
}

void RequireListening(int descriptor) {
  int listens = 0;
  socklen_t size = sizeof listens;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || listens == 0) {
    throw Error(ErrorCode::kBadSettings,
                "descriptor " + std::to_string(descriptor) + " is no listening socket",
                "look at the socket unit that passes it: it needs ListenStream= and Accept=no");
  }
}

}  // namespace

void HttpServer::Implementation::Add(Descriptor listening, Door door) {
  RequireListening(listening.get());
  // Those that systemd passes may block.
  ::fcntl(listening.get(), F_SETFL, ::fcntl(listening.get(), F_GETFL) | O_NONBLOCK);
  const auto listener = std::make_shared<Listener>(io_, listening.get(), door);
  listening.Release();
  listeners_.push_back(listener);
  Await(listener);
}

void HttpServer::Implementation::Await(const std::shared_ptr<Listener>& listener) {
  listener->socket.async_wait(asio::posix::stream_descriptor::wait_read,
                              [weak = weak_from_this(), listener](error_code error) {
                                const auto self = weak.lock();
                                if (self && !error && listener->socket.is_open()) {
                                  self->AcceptSome(listener);
                                }
                              });
}

void HttpServer::Implementation::AcceptSome(const std::shared_ptr<Listener>& listener) {
  for (int i = 0; i < kAcceptsAtOnce; ++i) {
    Descriptor peer = AcceptOne(listener->socket.native_handle());
    if (peer.open()) {
      if (!ClientIsGone()) Admit(std::move(peer), listener->door);
    } else if (errno == EAGAIN) {
      break;
    } else if (IsShortage(errno)) {
      return OnNoDescriptor(listener);
    }
    // Anything else is an error of that one client's connection (accept(2)): the next one.
  }
  Await(listener);
}

// One client is told, so that a probe is not left hanging; the others wait in the backlog until we
// look again. Without the pause the listening socket would stay readable and we would spin.
void HttpServer::Implementation::OnNoDescriptor(const std::shared_ptr<Listener>& listener) {
  service_->Refused(http_refusal::kDescriptors);
  reserve_.Close();
  Descriptor peer = AcceptOne(listener->socket.native_handle());
  if (peer.open()) {
    SayNo(std::move(peer), service_->Problem(503, "the agent has no file descriptor left"));
  }
  TakeReserve();
  listener->pause.Set(kPause, [weak = weak_from_this(), listener] {
    const auto self = weak.lock();
    if (self && listener->socket.is_open()) self->AcceptSome(listener);
  });
}

bool HttpServer::Implementation::IsFull(const Caller& caller) const {
  const HttpLimits& limits = service_->limits;
  const auto& all = service_->connections;
  const int admitted = CountOf(all, [](const Connection& each) { return each.admitted(); });
  if (admitted >= limits.connections) return true;
  const int alike = CountOf(all, [&](const Connection& each) {
    return each.admitted() && each.caller().door == caller.door && each.caller().uid == caller.uid;
  });
  if (caller.door == Door::kTcp) return alike >= limits.connections_tcp;
  const bool exempt = caller.uid == 0 || caller.uid == static_cast<long>(::geteuid());
  return !exempt && alike >= limits.connections_per_uid;
}

void HttpServer::Implementation::Admit(Descriptor peer, Door door) {
  Caller caller = CallerOf(peer.get(), door);
  const bool full = IsFull(caller);
  const int refused =
      CountOf(service_->connections, [](const Connection& each) { return !each.admitted(); });
  constexpr std::string_view kDetail = "too many connections: try again in a moment";
  if (full && refused >= service_->limits.connections) {
    service_->Refused(http_refusal::kLimit);
    return SayNo(std::move(peer), service_->Problem(503, kDetail));
  }
  const auto connection = std::make_shared<Connection>(io_, service_, std::move(caller));
  if (!connection->Take(peer)) return service_->Refused(http_refusal::kDescriptors);
  service_->connections.insert(connection);
  full ? connection->Refuse(503, kDetail, http_refusal::kLimit) : connection->Start();
}

void HttpServer::Implementation::Stop(Milliseconds grace) {
  service_->stopping = true;
  service_->on_last_gone = [this] { grace_.Clear(); };
  for (const auto& listener : listeners_) listener->socket.close();
  listeners_.clear();
  if (service_->connections.empty()) return;
  grace_.Set(grace, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->End();
  });
  // A copy: those that close take themselves out.
  for (const auto& connection : std::set(service_->connections)) connection->StopWhenIdle();
}

void HttpServer::Implementation::End() {
  for (const auto& listener : listeners_) listener->socket.close();
  listeners_.clear();
  for (const auto& connection : std::set(service_->connections)) connection->Close();
  grace_.Clear();
}

HttpServer::HttpServer(asio::io_context& io, HttpLimits limits, HttpHandler handler,
                       HttpProblem problem, HttpEvents events)
    : implementation_(std::make_shared<Implementation>(
          io, std::make_shared<Service>(
                  Service{limits, std::move(handler), std::move(problem), std::move(events)}))) {}

HttpServer::~HttpServer() { implementation_->End(); }

void HttpServer::Accept(Descriptor listening, Door door) {
  implementation_->Add(std::move(listening), door);
}

void HttpServer::Listen(const std::string& address) {
  TcpListener listener = ListenOn(address);
  implementation_->Add(std::move(listener.descriptor), Door::kTcp);
  implementation_->addresses.push_back(ToText(listener.address));
}

std::vector<std::string> HttpServer::addresses() const { return implementation_->addresses; }

void HttpServer::Stop(Milliseconds grace) { implementation_->Stop(grace); }

}  // namespace lockstep
