#include "base/fail_point.h"

#ifdef LOCKSTEP_FAIL_POINTS

#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"

namespace lockstep {
namespace {

enum class Action { kKill, kStop, kDrop, kError, kSleep };

struct Armed {
  std::string step;
  Action action = Action::kKill;
  int passage = 1;
  std::chrono::milliseconds sleep{1'000};
};

constexpr const char* kVariable = "LOCKSTEP_FAIL_POINT";

// A test whose fail point is misspelt would pass without having tested anything.
[[noreturn]] void Refuse(const std::string& value) {
  throw Error(ErrorCode::kBadSettings,
              std::string(kVariable) + "=\"" + Escaped(value) +
                  "\" is not \"step:kill|stop|drop|error|sleep[:n]\" or \"step:sleep:n:ms\"");
}

Action ActionNamed(const std::string& name, const std::string& value) {
  if (name == "kill") return Action::kKill;
  if (name == "stop") return Action::kStop;
  if (name == "drop") return Action::kDrop;
  if (name == "error") return Action::kError;
  if (name == "sleep") return Action::kSleep;
  Refuse(value);
}

int NumberIn(const std::string& digits, const std::string& value) {
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
  if (parts.size() < 2 || parts[0].empty()) Refuse(value);
  Armed armed{.step = parts[0], .action = ActionNamed(parts[1], value)};
  if (parts.size() > (armed.action == Action::kSleep ? 4 : 3)) Refuse(value);
  if (parts.size() > 2) armed.passage = NumberIn(parts[2], value);
  if (parts.size() > 3) armed.sleep = std::chrono::milliseconds(NumberIn(parts[3], value));
  return armed;
}

void TellThatItWasReached() {
  const char* file = std::getenv("LOCKSTEP_FAIL_POINT_FILE");
  if (file != nullptr) std::ofstream(file) << "reached\n";
}

void Act(const Armed& armed) {
  TellThatItWasReached();
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
    case Action::kError:
      throw Error(ErrorCode::kSql, "an error at fail point \"" + armed.step + "\"");
    case Action::kSleep:
      SystemClock().SleepFor(armed.sleep, {});
      break;
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
