// Bytes that take their time from one end to the other.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace lockstep {

// One direction of a connection: however many bytes are on their way, each takes as long, and none
// overtakes another. Thread: any, one at a time.
class DelayLine {
 public:
  // What is put in before `open` leaves then.
  explicit DelayLine(Duration delay, SteadyTime open = {}) : delay_(delay), open_(open) {}

  void Put(std::string_view bytes, SteadyTime now);
  // Nothing comes after what was put in.
  void End(SteadyTime now);

  // When the next bytes, or the end, come out; nothing: none are on their way.
  std::optional<SteadyTime> due() const;
  std::string Take(SteadyTime now);
  // All was taken, and then the end.
  bool ended() const { return ended_; }

 private:
  struct Piece {
    SteadyTime due;
    std::string bytes;
    bool last = false;
  };

  SteadyTime DueAfter(SteadyTime now) const;

  Duration delay_;
  SteadyTime open_;
  std::deque<Piece> pieces_;
  bool ended_ = false;
};

}  // namespace lockstep
