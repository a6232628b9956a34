// The input is what a hook says; the first byte chooses how it comes to say it: "j" repeats the
// JSON that it gets, "f" says it and fails, anything else says it.
#include "base/text.h"
#include "engine/hooks.h"
#include "fuzz/oracle.h"
#include "fuzz/targets.h"

namespace lockstep {
namespace {

constexpr std::size_t kOutputLimit = 64 << 10;  // of each stream
constexpr std::size_t kLongestEscape = 4;       // "\x1b" of one byte; more for what is more bytes

const HookSettings& Hooks() {
  static const HookSettings hooks{
      .commands = {
          {HookPoint::kBeforeRun, {"/bin/cat"}},
          {HookPoint::kAfterRun, {"/usr/bin/printenv", "LOCKSTEP_TEXT"}},
          {HookPoint::kOnFailure, {"/usr/bin/printenv", "LOCKSTEP_TEXT", "LOCKSTEP_NONE"}}}};
  return hooks;
}

void HoldShown(std::string_view shown) {
  Hold(!FirstInvalidUtf8(shown), "what is shown is text", shown);
  Hold(Escaped(shown) == shown, "what is shown is safe for a terminal", shown);
  for (const char c : shown)
    Hold(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f, "no control character is shown");
}

// What Escaped makes can be told apart from what was there: no two texts look the same.
void HoldEscaped(std::string_view text) {
  const std::string shown = Escaped(text);
  HoldShown(shown);
  Hold(shown.size() <= 8 * text.size(), "its size is bounded");
  Hold(DisplayWidth(shown) >= 0, "it has a width");
}

// The environment has no NUL and facts are text.
std::string FactIn(std::string_view input) {
  input = input.substr(0, input.find('\0'));
  return std::string(input.substr(0, FirstInvalidUtf8(input).value_or(input.size())));
}

HookResult Run(HookPoint point, const json::object& facts) {
  const auto result = RunHook(Hooks(), point, facts, {});
  Hold(result.has_value(), "the hook has run");
  HoldShown(result->output);
  HoldShown(result->problem);
  Hold(result->output.size() <= 2 * kLongestEscape * kOutputLimit, "a hook's output is bounded");
  Hold(result->problem.size() <= 4096, "a hook's last words are few");
  return *result;
}

}  // namespace

void FuzzHookOutput(std::string_view input) {
  HoldEscaped(input);
  const std::string text = FactIn(input.substr(std::min<std::size_t>(1, input.size())));
  const json::object facts{{"text", text}};
  if (input.starts_with('j')) {
    const HookResult repeated = Run(HookPoint::kBeforeRun, facts);
    Hold(repeated.ok() && repeated.output == Escaped(json::serialize(facts) + "\n"),
         "a hook gets its facts as JSON", repeated.output);
  } else if (input.starts_with('f')) {
    const HookResult failed = Run(HookPoint::kOnFailure, facts);
    Hold(!failed.ok() && failed.exit_code == 1, "a hook that fails has failed", failed.problem);
  } else {
    const HookResult said = Run(HookPoint::kAfterRun, facts);
    Hold(said.ok() && said.output == Escaped(text + "\n"),
         "a hook gets its facts by its environment", said.output);
  }
}

}  // namespace lockstep
