#include "base/fail_point.h"

#ifdef LOCKSTEP_FAIL_POINTS

#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/text.h"

namespace lockstep {
namespace {

enum class Action { kKill, kStop, kDrop };

struct Armed {
  std::string step;
  Action action = Action::kKill;
  int passage = 1;
};

constexpr const char* kVariable = "LOCKSTEP_FAIL_POINT";

// A test whose fail point is misspelt would pass without having tested anything.
[[noreturn]] void Refuse(const std::string& value) {
  throw Error(ErrorCode::kBadSettings, std::string(kVariable) + "=\"" + Escaped(value) +
                                           "\" is not \"step:kill|stop|drop[:n]\"");
}

Action ActionNamed(const std::string& name, const std::string& value) {
  if (name == "kill") return Action::kKill;
  if (name == "stop") return Action::kStop;
  if (name == "drop") return Action::kDrop;
  Refuse(value);
}

int PassageNamed(const std::string& digits, const std::string& value) {
  int passage = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), passage);
  if (error != std::errc{} || end != digits.data() + digits.size() || passage < 1) Refuse(value);
  return passage;
}

Armed ReadArmed() {
  const char* variable = std::getenv(kVariable);
  const std::string value = variable ? variable : "";
  if (value.empty()) return {};
  const std::vector<std::string> parts = SplitTrimmed(value, ':');
  if (parts.size() < 2 || parts.size() > 3 || parts[0].empty()) Refuse(value);
  return {parts[0], ActionNamed(parts[1], value),
          parts.size() == 3 ? PassageNamed(parts[2], value) : 1};
}

void Act(const Armed& armed) {
  switch (armed.action) {
    case Action::kKill:
      std::raise(SIGKILL);
      break;
    case Action::kStop:
      std::raise(SIGSTOP);
      break;
    case Action::kDrop:
      throw Error(ErrorCode::kConnectionLost,
                  "the connection was lost at fail point \"" + armed.step + "\"");
  }
}

}  // namespace

void FailPoint(const char* step) {
  static const Armed armed = ReadArmed();
  static std::atomic<int> passages = 0;
  if (armed.step != step) return;
  if (++passages == armed.passage) Act(armed);
}

}  // namespace lockstep

#endif
