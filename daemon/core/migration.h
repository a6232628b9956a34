// What a migration is: two scripts and what their headers say.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/shared_text.h"
#include "core/table_lock_limits.h"

namespace lockstep {

// "-- acknowledge: orders rewrite": a cost that the author wants.
struct Acknowledgement {
  std::string table;
  std::string what;  // "rewrite", "scan", "build" or "lock", which covers all of them
  bool operator==(const Acknowledgement&) const = default;
};

// One half: the file's bytes and how to run them.
struct Script {
  std::string file;      // as the user would open it
  SharedText text;       // the whole file, header included, BOM left out
  std::string checksum;  // Sha256OfText of the file
  bool transactional = true;
  bool variables = false;                 // ${NAME} is replaced before running
  std::vector<TableLockOverride> limits;  // of the header
  std::vector<Acknowledgement> acknowledged;
  bool operator==(const Script&) const = default;
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
