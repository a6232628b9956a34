// The functions that a column's default calls.
#pragma once

#include <string>

#include "base/json.h"

namespace lockstep {

// Those in `expression` of which the text alone does not tell that they give every row the same
// value, qualified as written, comma-separated; empty when there is none.
std::string UnsteadyCallsIn(const json::value& expression);

}  // namespace lockstep
