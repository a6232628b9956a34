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

// Ready: the database answered at the last look, which is not long ago, nothing failed, every
// migration of the folder is applied (with `revision`: that one is). Never whether this replica
// leads. There is no look while a run is under way: one revision, once applied, stays so for its
// time, or each long migration would take its application from the network.
Readiness ReadinessOf(const TargetStatus& status, SteadyTime now, std::string_view revision = {});

}  // namespace lockstep
