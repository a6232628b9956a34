#include "support/delay_line.h"

#include <algorithm>

namespace lockstep {

void DelayLine::Put(std::string_view bytes, SteadyTime now) {
  const SteadyTime due = DueAfter(now);
  if (!pieces_.empty() && pieces_.back().due == due) {
    pieces_.back().bytes += bytes;
  } else {
    pieces_.push_back({due, std::string(bytes)});
  }
}

void DelayLine::End(SteadyTime now) { pieces_.push_back({DueAfter(now), {}, true}); }

std::optional<SteadyTime> DelayLine::due() const {
  if (pieces_.empty()) return {};
  return pieces_.front().due;
}

std::string DelayLine::Take(SteadyTime now) {
  std::string bytes;
  for (; !pieces_.empty() && pieces_.front().due <= now; pieces_.pop_front()) {
    bytes += pieces_.front().bytes;
    ended_ = pieces_.front().last;
  }
  return bytes;
}

SteadyTime DelayLine::DueAfter(SteadyTime now) const { return std::max(now, open_) + delay_; }

}  // namespace lockstep
