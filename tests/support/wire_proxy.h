// A proxy in front of PostgreSQL that knows enough of its protocol to count round trips, to break a
// connection between two messages, and to make the server as far away as wanted.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/descriptor.h"
#include "postgres/connection_url.h"
#include "support/wire_message.h"

namespace lockstep {

// What went over one connection. RoundTrips says what a round trip is.
struct WireCount {
  std::string application_name;  // as the client gave it when it connected
  int startup_round_trips = 0;
  int round_trips = 0;  // after the startup
  long long bytes_to_server = 0;
  long long bytes_to_client = 0;
  bool opaque = false;  // encrypted, or a request to cancel: its bytes are counted, and no more
  bool open = true;
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

struct WireOptions {
  // Every byte takes half of it in each direction, however many are on their way. Making a
  // connection takes all of it, before the client's first byte leaves.
  Duration round_trip{0};
  int port = 0;  // to listen on; 0: any
};

// What went over all connections in some time.
struct WireTraffic {
  std::vector<WireCount> connections;  // in the order in which they came
  int most_open = 0;                   // at once
};

// Thread: any.
class WireProxy {
 public:
  // `server` has one host, by name, address or socket folder.
  explicit WireProxy(const ConnectionUrl& server, WirePolicyFactory policy = {},
                     WireOptions options = {});
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
  // Since the last time; forgets those that have ended.
  WireTraffic TakeTraffic();
  // Says whether all connections ended in that time; that of a client that has gone takes a moment.
  bool WaitUntilClosed(Duration patience) const;

 private:
  class Connection;
  // A connection, and the thread that serves it until it ends.
  struct Served {
    WireCount count;
    Descriptor client;
    std::jthread thread;
  };

  void Accept();
  void Begin(Descriptor client);
  void Serve(Served& served);
  void End(Served& served);
  // Of those whose client has not gone, whether or not they were seen to end. REQUIRES: mutex_.
  int Open() const;

  ConnectionUrl server_;
  WirePolicyFactory policy_;
  WireOptions options_;
  ConnectionUrl url_;
  Descriptor listening_;
  Descriptor end_;  // readable for all threads once they have to end
  mutable std::mutex mutex_;
  mutable std::condition_variable closed_;
  std::vector<std::unique_ptr<Served>> served_;  // guarded by mutex_; those that have ended too
  std::vector<Served*> open_;                    // guarded by mutex_
  int most_open_ = 0;                            // guarded by mutex_
  std::vector<std::jthread> ended_;              // have nothing left to do
  std::jthread accepting_;                       // last: it uses all of the above
};

}  // namespace lockstep
