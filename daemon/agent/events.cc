#include "agent/events.h"

namespace lockstep {

const std::vector<EventKind>& EventCatalogue() {
  static const std::vector<EventKind> catalogue = {event::kAgentStarted};
  return catalogue;
}

}  // namespace lockstep
