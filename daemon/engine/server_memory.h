// What a program has seen of a database's server, over all of its sessions: so that it notices a
// failover, what that lost, and a server that has stayed behind.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/history.h"
#include "postgres/session.h"

namespace lockstep {

// Another server leads than before, or one that was started again has lost what it had.
struct Failover {
  ServerIdentity before;
  ServerIdentity now;
  // Revisions whose last change was committed, and is not there any more.
  std::vector<std::string> lost;
};

std::string ToText(const Failover& failover);  // in a sentence

// Remembers nothing beyond the program's end. Thread: one at a time.
class ServerMemory {
 public:
  // Whether Meet could say anything new of this server.
  bool IsAnother(const ServerFacts& facts) const {
    return facts.identity && facts.identity != last_;
  }
  // Takes notice of a server that was connected to, and of its history. Throws Error kOldPrimary
  // when a later server of the same cluster was met before.
  std::optional<Failover> Meet(const ServerFacts& facts, const History& history);
  // A change of this revision was committed on the server that was met last.
  void OnCommit(const std::string& revision) { ++changes_[revision]; }

 private:
  std::vector<std::string> LostIn(const History& history) const;

  std::optional<ServerIdentity> last_;
  std::map<std::string, int> changes_;  // of each revision the number of its newest change
};

}  // namespace lockstep
