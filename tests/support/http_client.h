// A small HTTP client for tests, over both doors: plain sockets, each receive with a deadline, so
// that a server that says nothing fails the test and does not hang it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/descriptor.h"

namespace lockstep {

struct HttpAnswer {
  int status = 0;
  std::map<std::string, std::string, std::less<>> headers;  // names in lower case
  std::string body;
};

using HttpFields = std::vector<std::pair<std::string, std::string>>;

// One connection. Whatever waits throws std::runtime_error after kPatience, and whenever the
// server closes before what was asked for is whole. Thread: one at a time.
class HttpClient {
 public:
  static HttpClient ToSocket(const std::string& path);        // a Unix socket
  static HttpClient ToAddress(const std::string& host_port);  // "127.0.0.1:8432", "[::1]:8432"
  // As somebody else, for tests that run as root: a child of another identity connects and hands
  // the connection over; the server sees the child's.
  static HttpClient ToSocketAs(const std::string& path, uid_t uid, gid_t gid,
                               const std::vector<gid_t>& groups = {});
  explicit HttpClient(Descriptor connected) : socket_(std::move(connected)) {}

  // One request and its answer. Content-Length is added when there is a body, Host always.
  HttpAnswer Request(std::string_view method, std::string_view target, std::string_view body = {},
                     const HttpFields& fields = {});
  HttpAnswer Get(std::string_view target) { return Request("GET", target); }

  // The same in two steps, for a request whose answer takes its time.
  void Send(std::string_view method, std::string_view target, std::string_view body = {},
            const HttpFields& fields = {});
  HttpAnswer ReadAnswer();

  // A streamed answer: its head first, then its body line by line, without their ends; nothing
  // after the last one.
  HttpAnswer ReadHead();
  std::optional<std::string> ReadLine();

  // Bytes as they are; says false when the server has closed.
  bool SendRaw(std::string_view bytes);
  void ShutDownSending();
  // Waits until the server closes; what came until then.
  std::string ReadUntilClosed();
  // Something can be read, or the server has closed.
  bool IsReadable(std::chrono::milliseconds limit);

  int descriptor() const { return socket_.get(); }

 private:
  enum class Framing { kNone, kLength, kChunked, kUntilClosed };

  bool Receive();  // says false when the server has closed
  std::string TakeLine();
  std::string TakeBytes(std::size_t count);
  bool ReadPiece();  // of the body, to `piece_`; says false at its end

  Descriptor socket_;
  std::string in_;        // came and is not used yet
  std::string asked_by_;  // the method of the last request
  Framing framing_ = Framing::kNone;
  std::size_t left_ = 0;  // of a body of known length
  std::string piece_;     // of the body, not handed out yet
};

}  // namespace lockstep
