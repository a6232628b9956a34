#include <fmt/format.h>

#include <map>

#include "base/text.h"
#include "cli/completion.h"
#include "cli/global_flags.h"

namespace lockstep {
namespace {

// Inside single quotes, brackets and colons are _arguments' own.
std::string Quoted(std::string_view text) {
  std::string quoted;
  for (const char c : text) {
    if (c == '\'') quoted += "'\\'";
    if (c == '[' || c == ']' || c == ':') quoted += '\\';
    quoted += c;
  }
  return quoted;
}

std::string ActionOf(const ValueChoice& choice) {
  switch (choice.kind) {
    case ValueKind::kWords:
      return "(" + Join(choice.words, " ") + ")";
    case ValueKind::kFolder:
      return "_files -/";
    case ValueKind::kFile:
      return "_files";
    case ValueKind::kNothing:
      break;
  }
  return " ";
}

std::string Spec(const std::string& option, const Flag& flag) {
  std::string spec = option + (flag.value.empty() ? "" : "=") + "[" + Quoted(flag.help) + "]";
  if (!flag.value.empty()) {
    spec += ":" + Quoted(ToLower(flag.value)) + ":" + ActionOf(ChoiceOf(flag.value));
  }
  return "'" + spec + "'";
}

std::string Specs(const std::vector<Flag>& flags) {
  std::string specs;
  for (const auto& flag : flags) {
    specs += " \\\n      " + Spec("--" + std::string(flag.name), flag);
    if (LetterOf(flag).empty()) continue;
    specs += " \\\n      " + Spec("-" + std::string(LetterOf(flag)), flag);
  }
  return specs;
}

std::string Described(std::string_view word, std::string_view summary) {
  return fmt::format("'{}:{}'", word, Quoted(summary));
}

// The words after the first one, of commands of two words: "lock" has "show".
std::map<std::string, std::string> SecondWords(const std::vector<Command>& commands) {
  std::map<std::string, std::string> second;
  for (const auto& command : commands) {
    const auto words = SplitTrimmed(command.name, ' ');
    if (words.size() > 1) second[words[0]] += " " + words[1];
  }
  return second;
}

std::string CommandList(const std::vector<Command>& commands) {
  std::string list;
  for (const auto& command : commands) {
    const auto words = SplitTrimmed(command.name, ' ');
    list += "\n    " + Described(words[0], command.summary);
  }
  return list;
}

std::string Cases(const std::vector<Command>& commands) {
  std::string cases;
  for (const auto& command : commands) {
    if (command.name.find(' ') != std::string_view::npos) continue;
    cases +=
        fmt::format("    {})\n      _arguments -s $global{}", command.name, Specs(command.flags));
    if (command.most_arguments > 0) {
      cases += fmt::format(" \\\n      '*:{}:{}'", Quoted(ToLower(command.arguments)),
                           ActionOf(ChoiceOf(command.arguments)));
    }
    cases += " ;;\n";
  }
  for (const auto& [first, second] : SecondWords(commands)) {
    cases += fmt::format("    {})\n      _arguments -s $global '1:command:({})' ;;\n", first,
                         second.substr(1));
  }
  return cases;
}

}  // namespace

std::string ZshCompletion(const std::vector<Command>& commands) {
  return "#compdef lockstep\n"
         "_lockstep() {\n"
         "  local curcontext=$curcontext state line\n"
         "  local -a commands global\n"
         "  commands=(" +
         CommandList(commands) +
         ")\n"
         "  global=(" +
         Specs(GlobalFlags()) +
         ")\n"
         "  _arguments -C -s $global '1:command:->command' '*::argument:->argument'\n"
         "  case $state in\n"
         "  command) _describe command commands ;;\n"
         "  argument)\n"
         "    case $words[1] in\n" +
         Cases(commands) +
         "    esac ;;\n"
         "  esac\n"
         "}\n"
         "if [[ $funcstack[1] == _lockstep ]]; then _lockstep \"$@\"; else compdef _lockstep "
         "lockstep; "
         "fi\n";
}

}  // namespace lockstep
