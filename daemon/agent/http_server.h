// HTTP/1.1 over a Unix socket and over TCP, by the same code: reads requests within limits, hands
// them on, writes answers. It knows nothing of what is asked.
#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/descriptor.h"

namespace lockstep {

enum class Door { kSocket, kTcp };

// Who asks. Over TCP nobody is known: uid, gid and pid are -1.
struct Caller {
  Door door = Door::kTcp;
  long uid = -1;
  long gid = -1;
  long pid = -1;
  std::vector<gid_t> groups;  // SO_PEERGROUPS: the supplementary ones too
};
std::string ToText(const Caller& caller);  // "uid 1000, gid 1000, pid 4711"; "tcp"

// A client that has closed its sending half counts as gone while its answer is not there yet.
struct HttpRequest {
  std::string method;  // "GET"; a HEAD comes as a GET, whose body is left out of the answer
  std::string path;    // percent-decoded, without the query
  std::map<std::string, std::string, std::less<>> query;  // percent-decoded
  std::string body;
  std::string idempotency_key;  // of the header Idempotency-Key
  std::string accept;           // of the header Accept
  Caller caller;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

// One answer: whole, or piece by piece. May be kept and used later; what comes after the client has
// gone is dropped. One that is let go without an answer answers 500. Thread: io.
class HttpReply {
 public:
  virtual ~HttpReply() = default;
  // At most once, and not after Begin.
  virtual void Send(HttpResponse response) = 0;
  // The head of an answer of unknown length; then pieces, then the end. A client that does not read
  // its pieces in time (HttpLimits::write_time), or lets more than HttpLimits::unsent pile up, is
  // cut off.
  virtual void Begin(HttpResponse head) = 0;
  virtual void Write(std::string piece) = 0;
  virtual void End() = 0;
  virtual bool gone() const = 0;
};

// Called on the io thread; must not wait.
using HttpHandler =
    std::function<void(const HttpRequest& request, const std::shared_ptr<HttpReply>& reply)>;

struct HttpLimits {
  std::size_t body = 64 << 10;
  std::size_t header = 8 << 10;
  std::size_t unsent = 1 << 20;                    // of a streamed answer
  std::chrono::milliseconds request_time{10'000};  // for a request to arrive whole
  std::chrono::milliseconds idle_time{60'000};     // between two requests of a connection
  std::chrono::milliseconds write_time{10'000};    // for a client to take an answer
  int connections = 64;                            // of all doors together
  int connections_tcp = 48;      // of those, by TCP: a flood of them leaves the Unix socket some
  int connections_per_uid = 32;  // of the Unix socket, but for root and ourselves
};

// Why a client was refused or lost, for HttpEvents::on_refused.
namespace http_refusal {
inline constexpr std::string_view kLimit = "limit";              // connections, of all or one uid
inline constexpr std::string_view kDescriptors = "descriptors";  // the process has none left
inline constexpr std::string_view kBadRequest = "bad_request";   // no HTTP, or none that we know
inline constexpr std::string_view kTooLarge = "too_large";       // header or body
inline constexpr std::string_view kTimeout = "timeout";  // the request did not arrive in time
inline constexpr std::string_view kSlowReader = "slow_reader";  // did not take its answer in time
inline constexpr std::string_view kGone = "gone";               // left before its answer was there
inline constexpr std::string_view kAll[] = {kLimit,   kDescriptors, kBadRequest, kTooLarge,
                                            kTimeout, kSlowReader,  kGone};
}  // namespace http_refusal

// What it counts; docs/metrics.md. Called on the io thread; none may throw.
struct HttpEvents {
  // Once for each request that reached the handler and has an answer, when that is over, whether or
  // not all of it arrived; the time since the request was there.
  std::function<void(int status, double seconds, const HttpRequest&)> on_answer;
  std::function<void(std::string_view why)> on_refused;  // one of http_refusal
  // A handler threw, or forgot to answer: our bug, for the log.
  std::function<void(std::string_view what, const HttpRequest&)> on_error;
};

// How the limits are told to a client: RFC 9457 documents, made by whoever makes the others.
using HttpProblem = std::function<HttpResponse(int status, std::string_view detail)>;

// Has to end before its io_context does. Thread: io.
class HttpServer {
 public:
  HttpServer(boost::asio::io_context& io, HttpLimits limits, HttpHandler handler,
             HttpProblem problem, HttpEvents events = {});
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Accepts on a descriptor that listens already: of the control socket, of systemd. Throws Error
  // kBadSettings when it does not listen.
  void Accept(Descriptor listening, Door door);
  // Listens on HOST:PORT, "[::1]:8432", "localhost:8432"; port 0 takes a free one. Throws Error
  // kBadSettings with the address when that cannot be had.
  void Listen(const std::string& address);
  // "127.0.0.1:8432" for each Listen.
  std::vector<std::string> addresses() const;

  // Takes no new connections, ends idle ones, gives those with an answer under way `grace`.
  void Stop(std::chrono::milliseconds grace);

 private:
  class Implementation;
  std::shared_ptr<Implementation> implementation_;
};

}  // namespace lockstep
