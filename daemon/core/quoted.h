// Values as the messages of this layer show them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

std::string Quoted(std::string_view value);                      // "ae10"
std::string QuotedList(const std::vector<std::string>& values);  // "ae10", "ae11"

}  // namespace lockstep
