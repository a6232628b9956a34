// What this build calls itself.
#pragma once

#include <string_view>

namespace lockstep {

std::string_view Version();  // "0.1.0"

}  // namespace lockstep
