// Pauses that grow and never fall into step with another's.
#pragma once

#include <algorithm>
#include <random>

#include "base/clock.h"

namespace lockstep {

// Exponential with jitter: each pause is anywhere between a quarter and the whole of a limit that
// doubles up to `cap`. The quarter keeps a crowd from polling at once. After: "Exponential Backoff
// and Jitter", AWS Architecture Blog, 2015. Thread: run.
class Backoff {
 public:
  Backoff(Duration first, Duration cap, std::mt19937_64& random)
      : first_(first), limit_(first), cap_(cap), random_(random) {}

  Duration Next() {
    std::uniform_int_distribution<Duration::rep> upto(limit_.count() / 4, limit_.count());
    const Duration pause(upto(random_));
    limit_ = std::min(limit_ * 2, cap_);
    return pause;
  }
  // All is well again: the next pause is a first one.
  void Reset() { limit_ = first_; }

 private:
  Duration first_;
  Duration limit_;
  Duration cap_;
  std::mt19937_64& random_;
};

}  // namespace lockstep
