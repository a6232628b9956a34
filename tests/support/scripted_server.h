// A server on a Unix socket that a test tells what to answer, byte for byte.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/descriptor.h"

namespace lockstep {

// What came over one connection.
struct ScriptedRequest {
  std::string line;  // "GET /api/v1/status"
  std::string head;  // with the line and all headers
  std::string body;
};

// One connection, for as long as it is answered; closed then. Thread: that of the answer.
class ScriptedConnection {
 public:
  explicit ScriptedConnection(int descriptor) : descriptor_(descriptor) {}
  // False once the client has gone.
  bool Send(std::string_view text);
  // Until the client has gone, or the server ends.
  void WaitForHangup();
  bool HasHungUpWithin(int milliseconds);

 private:
  int descriptor_;
};

// Each connection is answered by a thread of its own. Ends with all of them in its destructor.
// Thread: the test's.
class ScriptedServer {
 public:
  using Answer =
      std::function<void(const ScriptedRequest& request, ScriptedConnection& connection)>;

  explicit ScriptedServer(Answer answer);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  const std::string& path() const { return path_; }
  std::vector<ScriptedRequest> requests();
  std::vector<std::string> lines();  // of the requests, in their order

 private:
  void Accept();
  void Serve(int descriptor);

  Answer answer_;
  std::string folder_;
  std::string path_;
  Descriptor listening_;
  std::mutex mutex_;
  std::vector<ScriptedRequest> requests_;  // guarded by mutex_
  std::vector<Descriptor> connections_;    // guarded by mutex_; closed at the end
  std::vector<std::jthread> threads_;      // of the accepting thread, until it has ended
  std::thread accepting_;
};

// A whole answer with its length.
std::string HttpAnswer(int status, std::string_view body,
                       std::string_view type = "application/json");
// The problem of docs/api.md.
std::string HttpProblemAnswer(int status, std::string_view detail, std::string_view more = "");
// The head of a stream of events, and one piece of it.
std::string StreamHead();
std::string StreamPiece(std::string_view text);
std::string StreamEnd();

}  // namespace lockstep
