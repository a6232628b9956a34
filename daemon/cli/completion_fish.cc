#include <fmt/format.h>

#include "base/text.h"
#include "cli/completion.h"
#include "cli/global_flags.h"

namespace lockstep {
namespace {

std::string Quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

std::string ValueOf(const ValueChoice& choice) {
  switch (choice.kind) {
    case ValueKind::kWords:
      return " -x -a " + Quoted(Join(choice.words, " "));
    case ValueKind::kFolder:
      return " -x -a '(__fish_complete_directories)'";
    case ValueKind::kFile:
      return " -r -F";
    case ValueKind::kNothing:
      break;
  }
  return " -x";
}

// `condition`: when the option is offered; empty: always.
std::string Line(const std::string& condition, const Flag& flag) {
  std::string line = "complete -c lockstep" + condition + " -l " + std::string(flag.name);
  if (!LetterOf(flag).empty()) line += " -s " + std::string(LetterOf(flag));
  if (!flag.value.empty()) line += ValueOf(ChoiceOf(flag.value));
  return line + " -d " + Quoted(flag.help) + "\n";
}

std::string Seen(std::string_view word) {
  return fmt::format("__fish_seen_subcommand_from {}", word);
}

std::string CommandLines(const Command& command) {
  const auto words = SplitTrimmed(command.name, ' ');
  std::string lines = fmt::format("complete -c lockstep -n __fish_use_subcommand -a {} -d {}\n",
                                  words[0], Quoted(command.summary));
  if (words.size() > 1) {
    lines += fmt::format("complete -c lockstep -n '{}; and not {}' -a {} -d {}\n", Seen(words[0]),
                         Seen(words[1]), words[1], Quoted(command.summary));
  }
  const std::string condition = " -n '" + Seen(words[0]) + "'";
  const auto choice = ChoiceOf(command.arguments);
  if (!choice.words.empty()) {
    lines += "complete -c lockstep" + condition + " -a " + Quoted(Join(choice.words, " ")) + "\n";
  }
  for (const auto& flag : command.flags) lines += Line(condition, flag);
  return lines;
}

}  // namespace

std::string FishCompletion(const std::vector<Command>& commands) {
  std::string script = "# fish completion of lockstep\ncomplete -c lockstep -f\n";
  for (const auto& flag : GlobalFlags()) script += Line("", flag);
  for (const auto& command : commands) script += CommandLines(command);
  return script;
}

}  // namespace lockstep
