#include "cli/global_flags.h"

namespace lockstep {

const std::vector<Flag>& GlobalFlags() {
  static const std::vector<Flag> flags = {
      {"database-url", "URL", "the database; without it DATABASE_URL, then the configuration"},
      {"password-file", "FILE", "a file that holds the password and nothing else"},
      {"dir", "DIR", "the folder of migrations [migrations]"},
      {"config", "FILE", "the configuration file"},
      {"target", "NAME", "the target that is meant, where the configuration has several"},
      {"socket", "PATH", "speak to the agent that listens there instead of the database"},
      {"output", "text|json", "how the answer is printed [text]"},
      {"quiet", "", "print errors only"},
      {"verbose", "", "print more of what is known"},
      {"no-color", "", "no colours, as with NO_COLOR in the environment"},
      {"yes", "", "answer every question with yes"},
      {"help", "", "show help, of a command too"},
      {"version", "", "show the version"},
  };
  return flags;
}

std::string_view LetterOf(const Flag& flag) {
  if (flag.name == "verbose") return "v";
  if (flag.name == "help") return "h";
  if (flag.name == "range") return "r";
  return "";
}

std::string FlagLabel(const Flag& flag) {
  std::string label;
  if (!LetterOf(flag).empty()) label = "-" + std::string(LetterOf(flag)) + ", ";
  label += "--" + std::string(flag.name);
  if (!flag.value.empty()) label += " " + std::string(flag.value);
  return label;
}

}  // namespace lockstep
