#include "cli/agent_client.h"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <cctype>

#include "base/error.h"
#include "base/version.h"
#include "cli/unix_stream.h"

namespace lockstep {
namespace {

namespace http = boost::beast::http;
using ErrorCodeOfBoost = boost::system::error_code;

constexpr std::size_t kReadSize = 64 << 10;

// Grows by what has come: Beast's own string_body believes the length that an answer says to have.
struct GrowingBody {
  using value_type = std::string;

  class reader {
   public:
    template <bool is_request, class Fields>
    reader(http::header<is_request, Fields>&, value_type& body) : body_(body) {}
    void init(const boost::optional<std::uint64_t>&, ErrorCodeOfBoost& problem) { problem = {}; }
    template <class Buffers>
    std::size_t put(const Buffers& buffers, ErrorCodeOfBoost& problem) {
      problem = {};
      const std::size_t before = body_.size();
      for (const auto buffer : boost::beast::buffers_range_ref(buffers)) {
        body_.append(static_cast<const char*>(buffer.data()), buffer.size());
      }
      return body_.size() - before;
    }
    void finish(ErrorCodeOfBoost& problem) { problem = {}; }

   private:
    value_type& body_;
  };
};

std::string TargetOf(const AgentRequest& request) {
  std::string target = request.path;
  char separator = '?';
  for (const auto& [name, value] : request.query) {
    target += separator + PercentEncoded(name) + "=" + PercentEncoded(value);
    separator = '&';
  }
  return target;
}

std::string TextOf(const AgentRequest& request) {
  std::string text = request.method + " " + TargetOf(request) + " HTTP/1.1\r\nHost: lockstep\r\n" +
                     "User-Agent: lockstep/" + std::string(Version()) + "\r\nConnection: close\r\n";
  if (!request.idempotency_key.empty()) {
    text += "Idempotency-Key: " + request.idempotency_key + "\r\n";
  }
  if (!request.body) return text + (request.method == "GET" ? "\r\n" : "Content-Length: 0\r\n\r\n");
  const std::string body = json::serialize(*request.body);
  return text + "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

// One answer as it arrives. It knows which bytes, not what they mean.
class Arrival {
 public:
  // `size`: of what may lie in the body at any time.
  Arrival(UnixStream& stream, const std::string& socket, std::size_t size)
      : stream_(stream), socket_(socket), size_(size) {
    parser_.eager(true);
    parser_.body_limit(boost::none);
  }

  bool whole() const { return parser_.is_done(); }
  bool has_head() const { return parser_.is_header_done(); }
  int status() const { return static_cast<int>(parser_.get().result_int()); }
  std::string& body() { return parser_.get().body(); }

  // Takes in what comes next. Throws Error as AgentClient::Ask does.
  void ReadMore(SteadyTime until) {
    std::array<char, kReadSize> buffer;
    const std::size_t got = stream_.Read(buffer, until);
    ErrorCodeOfBoost problem;
    if (got == 0) {
      // The parser may not be told of an end before a beginning.
      if (!parser_.got_some()) ThrowEndedEarly();
      parser_.put_eof(problem);
      if (problem) ThrowEndedEarly();
      return;
    }
    unread_.append(buffer.data(), got);
    Parse();
  }

  [[noreturn]] void ThrowNoAgent(const std::string& why) const {
    throw Error(
        ErrorCode::kBadSettings,
        "what answers at \"" + socket_ + "\" is no Lockstep agent that this program knows: " + why,
        "give the path of the agent's socket; it stands in the agent's configuration");
  }

 private:
  void Parse() {
    while (!unread_.empty() && !parser_.is_done()) {
      ErrorCodeOfBoost problem;
      const std::size_t used = parser_.put(boost::asio::buffer(unread_), problem);
      unread_.erase(0, used);
      if (body().size() > size_) ThrowNoAgent("its answer is too large");
      if (problem == http::error::need_more) return;
      if (problem) ThrowNoAgent("its answer is no HTTP");
      if (used == 0) return;
    }
  }

  [[noreturn]] void ThrowEndedEarly() const {
    const std::string when = has_head() ? "in the middle of its answer" : "without an answer";
    throw Error(ErrorCode::kConnectionLost,
                "the agent at \"" + socket_ + "\" ended the connection " + when,
                "it may be stopping; see \"systemctl status lockstepd\"");
  }

  UnixStream& stream_;
  const std::string& socket_;
  const std::size_t size_;
  http::response_parser<GrowingBody> parser_;
  std::string unread_;
};

json::object ObjectFrom(std::string_view text, const Arrival& arrival) {
  ErrorCodeOfBoost problem;
  json::value value = json::parse(text, problem);
  if (problem || !value.is_object()) arrival.ThrowNoAgent("it does not speak in JSON objects");
  return std::move(value.get_object());
}

// Other servers answer with JSON objects too; the type of a problem tells ours.
bool IsProblemOfOurs(const json::object& body) {
  const json::value* type = body.if_contains("type");
  return type != nullptr && type->is_string() &&
         std::string_view(type->get_string()).starts_with("urn:lockstep:");
}

AgentAnswer AnswerFrom(Arrival& arrival, SteadyTime until) {
  while (!arrival.whole()) arrival.ReadMore(until);
  AgentAnswer answer{arrival.status(), {}};
  if (!arrival.body().empty()) answer.body = ObjectFrom(arrival.body(), arrival);
  if (!answer.ok() && !IsProblemOfOurs(answer.body)) {
    arrival.ThrowNoAgent("it answers " + std::to_string(answer.status));
  }
  return answer;
}

// Hands on the whole lines of `text` and leaves the rest in it. False: no more are wanted.
bool TakeLines(std::string& text, const Arrival& arrival, const AgentClient::OnLine& on_line) {
  std::size_t start = 0;
  for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n', start)) {
    const auto line = std::string_view(text).substr(start, end - start);
    start = end + 1;
    const bool empty = line.find_first_not_of(" \r") == std::string_view::npos;
    if (!on_line(empty ? std::nullopt : std::optional(ObjectFrom(line, arrival)))) return false;
  }
  text.erase(0, start);
  return true;
}

SteadyTime After(Duration duration) {
  return SystemClock().Now() + std::chrono::duration_cast<SteadyTime::duration>(duration);
}

}  // namespace

std::string PercentEncoded(std::string_view text) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = byte < 0x80 && (std::isalnum(byte) != 0 ||
                                       std::string_view("-._~").find(c) != std::string_view::npos);
    if (plain) {
      encoded += c;
    } else {
      encoded += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return encoded;
}

AgentClient::AgentClient(std::string socket, AgentLimits limits)
    : socket_(std::move(socket)), limits_(limits) {}

AgentAnswer AgentClient::Ask(const AgentRequest& request, const std::stop_token& stop) const {
  const SteadyTime until = After(limits_.answer + request.patience);
  UnixStream stream(socket_, until, stop);
  stream.Write(TextOf(request), until);
  Arrival arrival(stream, socket_, limits_.size);
  return AnswerFrom(arrival, until);
}

AgentAnswer AgentClient::Follow(const AgentRequest& request, const OnLine& on_line,
                                const std::stop_token& stop) const {
  const SteadyTime until = After(limits_.answer);
  UnixStream stream(socket_, until, stop);
  stream.Write(TextOf(request), until);
  Arrival arrival(stream, socket_, limits_.size);
  while (!arrival.has_head()) arrival.ReadMore(until);
  if (arrival.status() < 200 || arrival.status() >= 300) return AnswerFrom(arrival, until);
  // Half a line at the end: the agent was cut off where HTTP could not tell.
  while (TakeLines(arrival.body(), arrival, on_line) && !arrival.whole()) {
    arrival.ReadMore(After(limits_.silence));
  }
  return {arrival.status(), {}};
}

}  // namespace lockstep
