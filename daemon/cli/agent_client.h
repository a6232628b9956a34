// Speaks HTTP/1.1 to the agent over its Unix socket: one connection for each question. docs/api.md
// is the contract.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/json.h"

namespace lockstep {

struct AgentLimits {
  Duration answer = std::chrono::seconds(10);  // for an answer to arrive whole, connecting included
  Duration silence =
      std::chrono::seconds(60);  // of a stream of events, which tells when it is alive
  std::size_t size = 16 << 20;   // of an answer, or of one event
};

struct AgentRequest {
  std::string method = "GET";
  std::string path;                                             // "/api/v1/status"
  std::vector<std::pair<std::string, std::string>> query = {};  // as they are, not yet encoded
  std::optional<json::object> body = {};
  std::string idempotency_key = {};
  Duration patience =
      {};  // beside AgentLimits::answer, for a question that is answered late on purpose
};

// `body` is empty where the agent sent none.
struct AgentAnswer {
  int status = 0;
  json::object body;
  bool ok() const { return status >= 200 && status < 300; }
};

// What may stand in a piece of a path as it is; everything else becomes %XX.
std::string PercentEncoded(std::string_view text);

// Thread: any; holds nothing but where the agent is.
class AgentClient {
 public:
  explicit AgentClient(std::string socket, AgentLimits limits = {});

  // Any answer of an agent, problems (RFC 9457) too. Throws Error: as UnixStream; kConnectionLost
  // when the answer ended too early, kBadSettings when whoever answers is no agent or its answer is
  // too large; kStopped.
  AgentAnswer Ask(const AgentRequest& request, const std::stop_token& stop = {}) const;

  // The same for a stream of lines, each handed on as it comes: an event, or nothing for an empty
  // line, which says that the agent is alive. Returns when `on_line` says false, when the stream
  // ended in order, or with the problem that was the answer.
  using OnLine = std::function<bool(const std::optional<json::object>& event)>;
  AgentAnswer Follow(const AgentRequest& request, const OnLine& on_line,
                     const std::stop_token& stop = {}) const;

  const std::string& socket() const { return socket_; }

 private:
  std::string socket_;
  AgentLimits limits_;
};

}  // namespace lockstep
