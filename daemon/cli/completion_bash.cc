#include <fmt/format.h>

#include <set>

#include "base/text.h"
#include "cli/completion.h"
#include "cli/global_flags.h"

namespace lockstep {
namespace {

std::vector<Flag> EveryFlag(const std::vector<Command>& commands) {
  std::vector<Flag> flags = GlobalFlags();
  for (const auto& command : commands) {
    flags.insert(flags.end(), command.flags.begin(), command.flags.end());
  }
  return flags;
}

// "--range|-r"
std::string Pattern(const Flag& flag) {
  std::string pattern = "--" + std::string(flag.name);
  if (!LetterOf(flag).empty()) pattern += "|-" + std::string(LetterOf(flag));
  return pattern;
}

std::string Offer(const ValueChoice& choice) {
  switch (choice.kind) {
    case ValueKind::kWords:
      return "COMPREPLY=($(compgen -W '" + Join(choice.words, " ") + "' -- \"$word\"))";
    case ValueKind::kFolder:
      return "COMPREPLY=($(compgen -d -- \"$word\"))";
    case ValueKind::kFile:
      return "COMPREPLY=($(compgen -f -- \"$word\"))";
    case ValueKind::kNothing:
      break;
  }
  return ":";
}

// The flags that take a value, as one pattern of a case.
std::string ValuePattern(const std::vector<Command>& commands) {
  std::set<std::string> patterns;
  for (const auto& flag : EveryFlag(commands)) {
    if (!flag.value.empty()) patterns.insert(Pattern(flag));
  }
  return Join({patterns.begin(), patterns.end()}, "|");
}

std::string ValueCases(const std::vector<Command>& commands) {
  std::set<std::string> cases;
  for (const auto& flag : EveryFlag(commands)) {
    if (flag.value.empty()) continue;
    cases.insert(
        fmt::format("    {}) {}; return ;;\n", Pattern(flag), Offer(ChoiceOf(flag.value))));
  }
  return Join({cases.begin(), cases.end()}, "");
}

std::string FlagWords(const std::vector<Flag>& flags) {
  std::string words;
  for (const auto& flag : flags) words += " --" + std::string(flag.name);
  return words;
}

// "|'lock show'|'adopt alembic'"
std::string TwoWordPatterns(const std::vector<Command>& commands) {
  std::string patterns;
  for (const auto& command : commands) {
    const bool two = command.name.find(' ') != std::string_view::npos;
    if (two) patterns += fmt::format("|'{}'", command.name);
  }
  return patterns;
}

// "show" where the words so far are "lock"; of commands of one word where there are none.
std::string NextWordCases(const std::vector<Command>& commands) {
  std::string first_words, cases;
  for (const auto& command : commands) {
    const auto words = SplitTrimmed(command.name, ' ');
    first_words += " " + words[0];
    if (words.size() > 1) cases += fmt::format("    {}) words='{}' ;;\n", words[0], words[1]);
  }
  return fmt::format("    '') words='{}' ;;\n", first_words.substr(1)) + cases;
}

std::string CommandCases(const std::vector<Command>& commands) {
  std::string cases = NextWordCases(commands);
  for (const auto& command : commands) {
    const auto choice = ChoiceOf(command.arguments);
    const auto arguments = choice.words.empty() ? "" : Join(choice.words, " ");
    cases += fmt::format("    '{}') words='{}{}' ;;\n", command.name, arguments,
                         FlagWords(command.flags));
  }
  return cases;
}

}  // namespace

std::string BashCompletion(const std::vector<Command>& commands) {
  return "# bash completion of lockstep\n"
         "_lockstep() {\n"
         "  local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
         "  local command='' words='' i\n"
         "  COMPREPLY=()\n"
         "  # Readline takes \"--output=json\" for three words.\n"
         "  if [[ $word == '=' ]]; then word=''\n"
         "  elif [[ $previous == '=' ]]; then previous=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
         "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "    case ${COMP_WORDS[i]} in\n"
         "    " +
         ValuePattern(commands) +
         ")\n"
         "      ((i++))\n"
         "      if [[ ${COMP_WORDS[i]} == '=' ]]; then ((i++)); fi ;;\n"
         "    -*) ;;\n"
         "    *)\n"
         "      case \"$command ${COMP_WORDS[i]}\" in\n"
         "      ' '*" +
         TwoWordPatterns(commands) +
         ") command=\"${command:+$command }${COMP_WORDS[i]}\" ;;\n"
         "      esac ;;\n"
         "    esac\n"
         "  done\n"
         "  case $previous in\n" +
         ValueCases(commands) +
         "  esac\n"
         "  case $command in\n" +
         CommandCases(commands) +
         "  esac\n"
         "  if [[ $word == -* ]]; then words+='" +
         FlagWords(GlobalFlags()) +
         "'; fi\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
         "}\n"
         "complete -o filenames -F _lockstep lockstep\n";
}

}  // namespace lockstep
