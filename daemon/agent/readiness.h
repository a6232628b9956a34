// Whether an application may be let at a target. Pure.
#pragma once

#include <string>
#include <string_view>

#include "agent/target_status.h"

namespace lockstep {

struct Readiness {
  bool ready = false;
  std::string reason;  // one sentence, lower case

  bool operator==(const Readiness&) const = default;
};

// Ready: the database answered at the last look, nothing failed, every migration of the folder is
// applied (with `revision`: that one is). Never whether this replica leads.
Readiness ReadinessOf(const TargetStatus& status, std::string_view revision = {});

}  // namespace lockstep
