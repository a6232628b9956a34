// How a fuzz target says that something does not hold.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace lockstep {

// Nobody catches it under libFuzzer, which then keeps the input; the replay shows it as a failed
// test.
class OracleBroken : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

// `oracle`: the sentence that is to be true, and what contradicts it.
inline void Hold(bool holds, std::string_view oracle, std::string_view but = {}) {
  if (!holds)
    throw OracleBroken(std::string(oracle) + (but.empty() ? "" : ", but: ") + std::string(but));
}

inline bool Holds(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace lockstep
