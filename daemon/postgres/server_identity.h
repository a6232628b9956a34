// Which server a session speaks to.
#pragma once

#include <string>

namespace lockstep {

struct ServerIdentity {
  std::string system_identifier;  // of a cluster: a primary and its standbys share it
  long long timeline = 0;         // one more after every promotion
  std::string started;            // when: tells the servers of a cluster apart

  bool operator==(const ServerIdentity&) const = default;
};

// One of the servers that a URL names, or the one that has answered.
struct ServerAddress {
  std::string host;
  std::string port;  // empty: not named

  bool operator==(const ServerAddress&) const = default;
  bool Names(const ServerAddress& answered) const {
    return host == answered.host && (port.empty() || port == answered.port);
  }
};

}  // namespace lockstep
