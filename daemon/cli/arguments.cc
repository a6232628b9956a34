#include "cli/arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <optional>
#include <string_view>

#include "base/text.h"
#include "base/version.h"
#include "cli/global_flags.h"
#include "cli/help.h"

namespace lockstep {
namespace {

// Too many are refused by us, with the one that is too much.
constexpr int kAnyNumber = 1 << 20;

// CLI11 wants them from last to first. It takes "-1" for an argument where no option is named so.
std::vector<std::string> Reversed(int argc, const char* const* argv) {
  std::vector<std::string> arguments;
  for (int i = argc - 1; i > 0; --i) arguments.emplace_back(argv[i]);
  return arguments;
}

std::string OptionName(std::string_view flag) { return "--" + std::string(flag); }

void AddFlag(CLI::App& app, const Flag& flag) {
  std::string names = OptionName(flag.name);
  if (!LetterOf(flag).empty()) names += ",-" + std::string(LetterOf(flag));
  if (flag.value.empty()) {
    app.add_flag(names)->disable_flag_override();
    return;
  }
  app.add_option(names)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

CLI::App& FindOrAdd(CLI::App& parent, const std::string& word) {
  const auto known =
      parent.get_subcommands([&](const CLI::App* app) { return app->get_name() == word; });
  if (!known.empty()) return *known.front();
  auto& added = *parent.add_subcommand(word);
  added.fallthrough()->allow_extras()->require_subcommand(0, 1);
  return added;
}

void AddCommand(CLI::App& root, const Command& command) {
  CLI::App* app = &root;
  for (const auto& word : SplitTrimmed(command.name, ' ')) app = &FindOrAdd(*app, word);
  for (const auto& flag : command.flags) AddFlag(*app, flag);
  if (command.most_arguments > 0) app->add_option("arguments")->expected(1, kAnyNumber);
}

void AddAll(CLI::App& root, const std::vector<Command>& commands) {
  root.set_help_flag();
  root.allow_extras()->require_subcommand(0, 1);
  for (const auto& flag : GlobalFlags()) AddFlag(root, flag);
  for (const auto& command : commands) AddCommand(root, command);
}

// The innermost command that was named, and its words: "lock show".
struct Named {
  CLI::App* app;
  std::string name;
};

Named FindNamed(CLI::App& root) {
  Named named{&root, ""};
  while (!named.app->get_subcommands().empty()) {
    named.app = named.app->get_subcommands().front();
    named.name += (named.name.empty() ? "" : " ") + named.app->get_name();
  }
  return named;
}

const Command* Find(const std::vector<Command>& commands, std::string_view name) {
  const auto found = std::find_if(commands.begin(), commands.end(),
                                  [&](const Command& command) { return command.name == name; });
  return found == commands.end() ? nullptr : &*found;
}

std::string ValueOf(const CLI::App& app, std::string_view flag) {
  const auto results = app.get_option(OptionName(flag))->results();
  return results.empty() ? "" : results.back();
}

bool IsGiven(const CLI::App& app, std::string_view flag) {
  return app.get_option(OptionName(flag))->count() > 0;
}

ArgumentReply Wrong(const std::string& message, const std::string& hint) {
  return {"error: " + message + "\n  hint: " + hint + "\n", ExitCode::kUsage};
}

std::string HelpHint(std::string_view command) {
  return "see 'lockstep " + (command.empty() ? "" : std::string(command) + " ") + "--help'";
}

std::string DidYouMean(const std::optional<std::string>& nearest) {
  return nearest ? "; did you mean '" + *nearest + "'?" : "";
}

// What may hold a password is not repeated.
std::string Quoted(const std::string& argument) {
  const bool secret = argument.find("://") != std::string::npos ||
                      ToLower(argument).find("password") != std::string::npos;
  return secret ? "that looks like a database URL" : "'" + Escaped(argument) + "'";
}

std::vector<std::string> OptionNames(const Command* command) {
  std::vector<std::string> names;
  for (const auto& flag : GlobalFlags()) names.push_back(OptionName(flag.name));
  if (command == nullptr) return names;
  for (const auto& flag : command->flags) names.push_back(OptionName(flag.name));
  return names;
}

// Like the word, or the only one that starts with it: "up" means "upgrade".
std::optional<std::string> NearestName(const std::string& word,
                                       const std::vector<std::string>& names) {
  std::optional<std::string> prefixed;
  int matches = 0;
  for (const auto& name : names) {
    if (!name.starts_with(word) || ++matches > 1) continue;
    prefixed = name;
  }
  return matches == 1 ? prefixed : Nearest(word, names);
}

ArgumentReply UnknownOption(const std::string& argument, const Command* command) {
  const std::string option = argument.substr(0, argument.find('='));
  return Wrong(
      "unknown option " + Quoted(option) + DidYouMean(NearestName(option, OptionNames(command))),
      HelpHint(command == nullptr ? "" : command->name));
}

// The next words that would make a command out of `start`: all commands for "", "show" for "lock".
std::vector<std::string> NextWords(const std::vector<Command>& commands, const std::string& start) {
  std::vector<std::string> words;
  for (const auto& command : commands) {
    const std::string name(command.name);
    const std::string prefix = start.empty() ? "" : start + " ";
    if (name.starts_with(prefix))
      words.push_back(start.empty() ? name : name.substr(prefix.size()));
  }
  return words;
}

ArgumentReply NoCommand(const std::vector<Command>& commands, const std::string& start,
                        const std::vector<std::string>& left) {
  const auto words = NextWords(commands, start);
  if (!left.empty()) {
    return Wrong("unknown command " + Quoted(left[0]) + DidYouMean(NearestName(left[0], words)),
                 "'lockstep --help' lists the commands");
  }
  if (start.empty()) return {HelpOverview(commands), ExitCode::kUsage};
  return Wrong("'lockstep " + start + "' needs one more word: " + Join(words, ", "), HelpHint(""));
}

std::optional<ArgumentReply> CheckCount(const Command& command,
                                        const std::vector<std::string>& arguments) {
  const std::string name = "'lockstep " + std::string(command.name) + "'";
  const int count = static_cast<int>(arguments.size());
  if (count < command.least_arguments) {
    return Wrong(name + " needs " + std::string(command.arguments), HelpHint(command.name));
  }
  if (count > command.most_arguments) {
    return Wrong(name + " does not take the argument " +
                     Quoted(arguments[static_cast<std::size_t>(command.most_arguments)]),
                 HelpHint(command.name));
  }
  return std::nullopt;
}

std::vector<std::string> ArgumentsOf(const CLI::App& app) {
  const auto* option = app.get_option_no_throw("arguments");
  return option == nullptr ? std::vector<std::string>{} : option->results();
}

CommandRequest RequestOf(const CLI::App& app, const Command& command) {
  CommandRequest request;
  request.arguments = ArgumentsOf(app);
  for (const auto& flag : command.flags) {
    if (!IsGiven(app, flag.name)) continue;
    request.flags[std::string(flag.name)] = flag.value.empty() ? "true" : ValueOf(app, flag.name);
  }
  return request;
}

GlobalOptions OptionsOf(const CLI::App& root) {
  GlobalOptions options;
  options.settings = {.database_url = ValueOf(root, "database-url"),
                      .password_file = ValueOf(root, "password-file"),
                      .folder = ValueOf(root, "dir"),
                      .config = ValueOf(root, "config"),
                      .target = ValueOf(root, "target")};
  options.socket = ValueOf(root, "socket");
  options.json = ValueOf(root, "output") == "json";
  options.quiet = IsGiven(root, "quiet");
  options.verbose = IsGiven(root, "verbose");
  options.no_color = IsGiven(root, "no-color");
  options.yes = IsGiven(root, "yes");
  return options;
}

std::optional<ArgumentReply> CheckOutput(const CLI::App& root) {
  const std::string output = ValueOf(root, "output");
  if (output.empty() || output == "text" || output == "json") return std::nullopt;
  return Wrong("--output takes 'text' or 'json', not " + Quoted(output), HelpHint(""));
}

// An empty variable must not turn a word to the agent into one to the database.
std::optional<ArgumentReply> CheckSocket(const CLI::App& root) {
  if (!IsGiven(root, "socket") || !ValueOf(root, "socket").empty()) return std::nullopt;
  return Wrong("--socket needs the path of an agent's socket", HelpHint(""));
}

// Options that nobody knows first, since their values may have been taken for arguments.
std::optional<ArgumentReply> CheckLeft(const std::vector<std::string>& left,
                                       const Command* command) {
  for (const auto& argument : left) {
    if (argument.size() > 1 && argument[0] == '-') return UnknownOption(argument, command);
  }
  if (command == nullptr || left.empty()) return std::nullopt;
  return Wrong(
      "'lockstep " + std::string(command->name) + "' does not take the argument " + Quoted(left[0]),
      HelpHint(command->name));
}

std::optional<ArgumentReply> OwnAnswer(const CLI::App& root, const Command* command,
                                       const std::vector<Command>& commands) {
  if (IsGiven(root, "help")) {
    return ArgumentReply{command == nullptr ? HelpOverview(commands) : HelpFor(*command)};
  }
  if (IsGiven(root, "version")) return ArgumentReply{"lockstep " + std::string(Version()) + "\n"};
  return std::nullopt;
}

ParsedArguments Interpret(CLI::App& root, const std::vector<Command>& commands) {
  const Named named = FindNamed(root);
  const Command* command = Find(commands, named.name);
  if (auto reply = OwnAnswer(root, command, commands)) return *reply;
  const auto left = root.remaining(true);
  if (auto reply = CheckLeft(left, command)) return *reply;
  if (command == nullptr) return NoCommand(commands, named.name, left);
  if (auto reply = CheckOutput(root)) return *reply;
  if (auto reply = CheckSocket(root)) return *reply;
  if (auto reply = CheckCount(*command, ArgumentsOf(*named.app))) return *reply;
  return Invocation{command, RequestOf(*named.app, *command), OptionsOf(root)};
}

// CLI11's own words start with the option's name; the rest of them may repeat a value.
ArgumentReply Refused(const CLI::ParseError& error) {
  const std::string text = error.what();
  const std::string option = Escaped(text.substr(0, text.find_first_of(": =")));
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr && text.ends_with("missing")) {
    return Wrong(option + " needs a value", HelpHint(""));
  }
  return Wrong(option + " does not take what was given to it", HelpHint(""));
}

}  // namespace

ParsedArguments ParseArguments(int argc, const char* const* argv,
                               const std::vector<Command>& commands) {
  CLI::App root;
  AddAll(root, commands);
  try {
    root.parse(Reversed(argc, argv));
  } catch (const CLI::ParseError& error) {
    return Refused(error);
  }
  return Interpret(root, commands);
}

}  // namespace lockstep
