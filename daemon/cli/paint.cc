#include "cli/paint.h"

namespace lockstep {
namespace {

// Parameters of "select graphic rendition" (ECMA-48, 8.3.117).
std::string_view CodeOf(Tone tone) {
  switch (tone) {
    case Tone::kGood:
      return "32";
    case Tone::kWaiting:
      return "33";
    case Tone::kBad:
      return "31";
    case Tone::kDim:
      return "2";
    case Tone::kStrong:
      return "1";
    case Tone::kPlain:
      break;
  }
  return "";
}

}  // namespace

std::string Paint::operator()(Tone tone, std::string_view text) const {
  const auto code = CodeOf(tone);
  if (!colors_ || code.empty() || text.empty()) return std::string(text);
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

}  // namespace lockstep
