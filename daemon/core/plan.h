// Ordered work: which scripts run, in which order, and why.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "core/migration.h"
#include "core/statement_splitter.h"

namespace lockstep {

enum class Direction { kUp, kDown };

std::string_view NameOf(Direction direction);  // "up", "down"

struct Step {
  std::string revision;
  Direction direction = Direction::kUp;
  std::string reason;  // a sentence's part: "pending; its parent db82de06f57d is applied before it"
  std::vector<std::string> parents;  // as the history shall record them
  std::string description;
  std::string irreversible;
  Script script;  // what runs
  std::string up_checksum;
  std::string down_checksum;             // empty when there is no down script
  SharedText down_text;                  // stored with an applied revision
  bool stored_script = false;            // script comes from the database, not from the folder
  std::vector<std::string> heads_after;  // the database's heads once this step is done
  bool operator==(const Step&) const = default;
};

struct Plan {
  Direction direction = Direction::kUp;
  std::vector<Step> steps;
  std::vector<std::string> ahead;  // applied revisions that the folder does not have
  Diagnostics warnings;            // what differs without standing in the way of this plan
  bool empty() const { return steps.empty(); }
};

}  // namespace lockstep
