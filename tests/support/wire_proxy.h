// A proxy in front of PostgreSQL that knows enough of its protocol to count round trips and to
// break a connection between two messages.
//
// Source: PostgreSQL's documentation, "Frontend/Backend Protocol" (version 3).
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/descriptor.h"
#include "postgres/connection_url.h"

namespace lockstep {

// What went over one connection.
struct WireCount {
  std::string application_name;  // as the client gave it when it connected
  int round_trips = 0;           // requests after the startup that the server has answered
  long long bytes_to_server = 0;
  long long bytes_to_client = 0;
};

// The type byte and what follows the length.
struct WireMessage {
  char type = 0;  // 0: one of the startup, which have none
  std::string_view body;
};

enum class WireVerdict {
  kPass,
  kDrop,   // this message only
  kCut,    // drops the message and closes both sides
  kReset,  // the same, and the client's side is not closed but reset
};

// What becomes of the messages of one connection. Those of an encrypted connection pass unseen.
// Thread: that connection's.
class WirePolicy {
 public:
  virtual ~WirePolicy() = default;
  virtual WireVerdict OnRequest(const WireMessage&) { return WireVerdict::kPass; }
  virtual WireVerdict OnAnswer(const WireMessage&) { return WireVerdict::kPass; }
  // Readable when OnWake() is to be asked, between two messages; -1: never.
  virtual int wake() const { return -1; }
  virtual WireVerdict OnWake() { return WireVerdict::kPass; }
  // What is passed on goes in pieces of that many bytes; 0: as it came.
  virtual std::size_t slice() const { return 0; }
};

// Makes the policy of each new connection; called by the connection's thread.
using WirePolicyFactory = std::function<std::unique_ptr<WirePolicy>()>;

// Thread: any.
class WireProxy {
 public:
  // `server` has one host, by name, address or socket folder.
  explicit WireProxy(const ConnectionUrl& server, WirePolicyFactory policy = {});
  // Closes every connection.
  ~WireProxy();
  WireProxy(const WireProxy&) = delete;
  WireProxy& operator=(const WireProxy&) = delete;

  // The same database by way of the proxy.
  const ConnectionUrl& url() const { return url_; }
  // In the order in which they came; those that have ended too.
  std::vector<WireCount> connections() const;
  // Of all connections that call themselves so.
  int RoundTripsOf(std::string_view application_name) const;

 private:
  class Connection;

  void Accept();

  ConnectionUrl server_;
  WirePolicyFactory policy_;
  ConnectionUrl url_;
  Descriptor listening_;
  Descriptor end_;  // readable for all threads once they have to end
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<WireCount>> counts_;  // guarded by mutex_
  std::vector<std::jthread> threads_;  // of the accepting thread, then the destructor's
  std::jthread accepting_;             // last: it uses all of the above
};

}  // namespace lockstep
