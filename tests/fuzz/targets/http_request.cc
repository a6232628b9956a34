// The input is what a client sends over one connection: one request, several, or none.
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstddef>

#include "agent/http_server.h"
#include "base/text.h"
#include "fuzz/oracle.h"
#include "fuzz/targets.h"

namespace lockstep {
namespace {

constexpr HttpLimits kLimits{.body = 2048, .header = 1024};

struct Seen {
  std::vector<std::string> requests;
  std::string answers;
  bool operator==(const Seen&) const = default;
};

void HoldRequest(const HttpRequest& request) {
  Hold(request.path.starts_with('/'), "a path starts with a slash", request.path);
  Hold(Escaped(request.path) == request.path || !FirstInvalidUtf8(request.path), "a path is text",
       request.path);
  for (const auto& [name, value] : request.query) {
    Hold(!FirstInvalidUtf8(name) && !FirstInvalidUtf8(value), "a query is text");
  }
  for (const std::string* text : {&request.method, &request.idempotency_key, &request.accept}) {
    Hold(text->find_first_of("\r\n") == std::string::npos, "a field is one line", *text);
  }
  Hold(request.body.size() <= kLimits.body, "a body is no larger than allowed");
}

std::string WordsOf(const HttpRequest& request) {
  std::string words = request.method + " " + request.path;
  for (const auto& [name, value] : request.query) words += " " + name + "=" + value;
  return words + " | " + request.idempotency_key + " | " + request.accept + " | " + request.body;
}

// Connected to a listening socket of no name.
std::pair<Descriptor, Descriptor> ListenerAndClient() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  Descriptor listening(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  // Without a name the kernel gives one in the abstract name space.
  Hold(bind(listening.get(), reinterpret_cast<sockaddr*>(&address), sizeof(sa_family_t)) == 0 &&
           listen(listening.get(), 1) == 0,
       "there is a socket to listen at");
  socklen_t size = sizeof address;
  getsockname(listening.get(), reinterpret_cast<sockaddr*>(&address), &size);
  Descriptor client(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  Hold(connect(client.get(), reinterpret_cast<sockaddr*>(&address), size) == 0,
       "it can be reached");
  return {std::move(listening), std::move(client)};
}

class Exchange {
 public:
  Exchange()
      : server_(
            io_, kLimits,
            [this](const HttpRequest& request, const std::shared_ptr<HttpReply>& reply) {
              HoldRequest(request);
              seen_.requests.push_back(WordsOf(request));
              reply->Send(
                  {.status = 200, .content_type = "text/plain", .body = "ok", .headers = {}});
            },
            [](int status, std::string_view detail) {
              return HttpResponse{status, "text/plain", std::string(detail), {}};
            },
            {.on_answer = {},
             .on_refused = {},
             .on_error = [this](std::string_view what, const auto&) { fault_ = what; }}) {
    auto [listening, client] = ListenerAndClient();
    client_ = std::move(client);
    server_.Accept(std::move(listening), Door::kSocket);
  }

  void Send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = send(client_.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN) break;
      if (sent > 0) text.remove_prefix(static_cast<std::size_t>(sent));
      Serve();
    }
    Serve();
  }

  // All that came of it, once the server has closed.
  Seen End() {
    shutdown(client_.get(), SHUT_WR);
    while (!Serve()) io_.run_one();
    client_.Close();
    Hold(fault_.empty(), "no handler has failed", fault_);
    return seen_;
  }

 private:
  // Says true once the server has closed.
  bool Serve() {
    do {
      io_.restart();
      if (Receive()) return true;
    } while (io_.poll() > 0);
    return Receive();
  }

  bool Receive() {
    std::array<char, 4096> buffer{};
    for (;;) {
      const ssize_t got = recv(client_.get(), buffer.data(), buffer.size(), 0);
      if (got == 0 || (got < 0 && errno != EAGAIN)) return true;
      if (got < 0) return false;
      seen_.answers.append(buffer.data(), static_cast<std::size_t>(got));
    }
  }

  Seen seen_;
  std::string fault_;
  boost::asio::io_context io_;
  Descriptor client_;
  HttpServer server_;
};

std::size_t CountOf(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1))
    ++count;
  return count;
}

Seen Answered(std::string_view input, std::size_t cut) {
  Exchange exchange;
  exchange.Send(input.substr(0, cut));
  exchange.Send(input.substr(cut));
  return exchange.End();
}

}  // namespace

void FuzzHttpRequest(std::string_view input) {
  const Seen whole = Answered(input, 0);
  Hold(whole.answers.empty() || whole.answers.starts_with("HTTP/1.1 "), "an answer is HTTP");
  Hold(CountOf(whole.answers, "HTTP/1.1 200 OK\r\n") == whole.requests.size(),
       "each request has its answer", whole.answers);
  // Two readers of one stream must see the same requests, or one can be smuggled past the other.
  const Seen cut = Answered(input, input.size() / 2);
  Hold(cut.requests == whole.requests, "how the bytes arrive does not matter");
}

}  // namespace lockstep
