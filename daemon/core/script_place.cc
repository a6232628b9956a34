#include "core/script_place.h"

#include <algorithm>

namespace lockstep {
namespace {

constexpr std::size_t kLongestLine = 4096;

}  // namespace

void PlaceCounter::MoveTo(std::size_t offset) {
  for (; at_ < std::min(offset, script_.size()); ++at_) Pass(script_[at_]);
}

void PlaceCounter::Pass(char c) {
  const bool line_ends = c == '\n' || (c == '\r' && script_.substr(at_ + 1, 1) != "\n");
  if (line_ends) {
    ++line_;
    column_ = 1;
  } else if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) {
    ++column_;
  }
}

std::string_view LineAround(std::string_view script, std::size_t offset) {
  std::size_t here = std::min(offset, script.size());
  if (here > 0 && script.substr(here - 1, 2) == "\r\n") --here;
  const std::size_t nearby = here - std::min(here, kLongestLine);
  const std::string_view before = script.substr(nearby, here - nearby);
  const std::string_view after = script.substr(here, kLongestLine);
  const std::size_t begin = nearby + before.find_last_of("\r\n") + 1;
  const std::size_t end = here + std::min(after.find_first_of("\r\n"), after.size());
  const bool begin_seen = begin > nearby || nearby == 0;
  const bool end_seen = end < here + after.size() || end == script.size();
  if (!begin_seen || !end_seen || end - begin > kLongestLine) return {};
  return script.substr(begin, end - begin);
}

}  // namespace lockstep
