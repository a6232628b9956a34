#include "cli/completion.h"

#include "base/error.h"
#include "base/text.h"
#include "cli/all_commands.h"
#include "cli/manual.h"

namespace lockstep {
namespace {

std::string ScriptFor(const std::string& shell) {
  if (shell == "bash") return BashCompletion(AllCommands());
  if (shell == "zsh") return ZshCompletion(AllCommands());
  if (shell == "fish") return FishCompletion(AllCommands());
  if (shell == "man") return ManualPage(AllCommands());
  const auto nearest = Nearest(shell, {"bash", "zsh", "fish"});
  throw Error(ErrorCode::kUsage,
              "there are completions for bash, zsh and fish, not for '" + shell + "'",
              nearest ? "did you mean '" + *nearest + "'?" : "");
}

}  // namespace

ValueChoice ChoiceOf(std::string_view value) {
  std::string name;
  for (const char c : value) {
    if (c != '[' && c != ']') name += c;
  }
  if (name.find('|') != std::string::npos) return {ValueKind::kWords, SplitTrimmed(name, '|')};
  if (name == "DIR") return {ValueKind::kFolder, {}};
  if (name == "FILE" || name == "PATH") return {ValueKind::kFile, {}};
  if (name == "GOAL") return {ValueKind::kWords, {"head", "heads", "base"}};
  return {};
}

CommandAnswer RunCompletion(const CommandContext&, const CommandRequest& request) {
  const auto& shell = request.arguments.front();
  return {json::object{{"shell", shell}, {"script", ScriptFor(shell)}}};
}

}  // namespace lockstep
