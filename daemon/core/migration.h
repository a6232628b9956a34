// What a migration is: two scripts and what their headers say.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace lockstep {

// Limits on waiting that a file's header may set for itself; what it leaves open comes from the
// settings.
struct LockLimits {
  std::optional<Duration> lock_timeout;       // one wait for a table lock
  std::optional<Duration> lock_deadline;      // all attempts together; then deferred
  std::optional<Duration> max_hold;           // how long strong locks may be held
  std::optional<Duration> statement_timeout;  // one statement
  bool operator==(const LockLimits&) const = default;
};

// "-- acknowledge: orders rewrite": a cost that the author wants.
struct Acknowledgement {
  std::string table;
  std::string what;  // "rewrite", "lock", ...
  bool operator==(const Acknowledgement&) const = default;
};

// One half: the file's bytes and how to run them.
struct Script {
  std::string file;      // as the user would open it
  std::string text;      // the whole file, header included, BOM left out
  std::string checksum;  // Sha256OfText of the file
  bool transactional = true;
  bool variables = false;  // ${NAME} is replaced before running
  LockLimits limits;
  std::vector<Acknowledgement> acknowledged;
};

struct Migration {
  std::string revision;
  std::vector<std::string> parents;  // empty: revises base
  std::string description;
  std::optional<std::string> irreversible;  // the reason why there is no down script
  Script up;
  std::optional<Script> down;
};

}  // namespace lockstep
