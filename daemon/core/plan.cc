#include "core/plan.h"

namespace lockstep {

std::string_view NameOf(Direction direction) { return direction == Direction::kUp ? "up" : "down"; }

}  // namespace lockstep
