// The catalogue of what the agent logs. docs/events.md is made from it.
#pragma once

#include <vector>

#include "base/log.h"

namespace lockstep {

namespace event {
inline constexpr EventKind kAgentStarted{"agent_started", LogLevel::kInfo,
                                         "The agent has its settings and its sockets."};
}  // namespace event

// All of them, by name.
const std::vector<EventKind>& EventCatalogue();

}  // namespace lockstep
