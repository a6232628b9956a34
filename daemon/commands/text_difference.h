// What changed between two texts, line by line, as `diff -u` shows it. Pure.
#pragma once

#include <string>
#include <string_view>

namespace lockstep {

// "--- NAME", "+++ NAME", then hunks with three lines around each change; "" when the texts are
// equal. Beyond kMostCells compared pairs of lines everything between the first and the last
// difference is shown as removed and added: right, only longer than it could be.
std::string UnifiedDifference(std::string_view before, std::string_view after,
                              std::string_view before_name, std::string_view after_name);

inline constexpr std::size_t kMostCells = std::size_t{4} << 20;

}  // namespace lockstep
