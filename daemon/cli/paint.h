// Colours of text on a terminal, by meaning.
#pragma once

#include <string>
#include <string_view>

namespace lockstep {

enum class Tone { kPlain, kGood, kWaiting, kBad, kDim, kStrong };

// Thread: any.
class Paint {
 public:
  explicit Paint(bool colors) : colors_(colors) {}
  // The text in its colour; unchanged without colours. The text must be safe for a terminal
  // already.
  std::string operator()(Tone tone, std::string_view text) const;

 private:
  bool colors_;
};

}  // namespace lockstep
