#include "commands/command.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "commands/documents.h"
#include "commands/exit_code.h"

namespace lockstep {
namespace {

std::string HelpHint(const Command& command) {
  return "see \"lockstep " + std::string(command.name) + " --help\"";
}

void CheckArguments(const Command& command, const CommandRequest& request) {
  const auto count = static_cast<int>(request.arguments.size());
  if (count >= command.least_arguments && count <= command.most_arguments) return;
  const std::string takes =
      command.arguments.empty() ? "no arguments" : std::string(command.arguments);
  throw Error(ErrorCode::kUsage,
              "\"" + std::string(command.name) + "\" takes " + takes + ", and " +
                  std::to_string(count) + " were given",
              HelpHint(command));
}

std::vector<std::string> FlagNames(const Command& command) {
  std::vector<std::string> names;
  for (const Flag& flag : command.flags) names.emplace_back(flag.name);
  return names;
}

void CheckFlags(const Command& command, const CommandRequest& request) {
  const std::vector<std::string> known = FlagNames(command);
  for (const auto& [name, value] : request.flags) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const std::optional<std::string> nearest = Nearest(name, known);
    throw Error(ErrorCode::kUsage,
                "\"" + std::string(command.name) + "\" has no option \"--" + name + "\"",
                nearest ? "did you mean \"--" + *nearest + "\"?" : HelpHint(command));
  }
}

// An error document says what failed and nothing else.
bool IsErrorDocument(const json::object& document) {
  const json::value* error = document.if_contains("error");
  return error != nullptr && error->is_object() && error->get_object().contains("code");
}

}  // namespace

CommandAnswer AnswerOf(const Error& error) {
  json::object facts{{"code", NameOf(error.code())},
                     {"message", error.what()},
                     {"hint", TextOrNull(error.hint())},
                     {"sqlstate", TextOrNull(error.sqlstate())}};
  return {json::object{{"error", std::move(facts)}}, ExitCodeOf(error.code())};
}

std::string CommandRequest::Get(std::string_view flag, std::string fallback) const {
  const auto found = flags.find(flag);
  return found == flags.end() ? std::move(fallback) : found->second;
}

json::object WithSharedKeys(std::string_view command, json::object&& document) {
  json::object whole{{"command", command}, {"schema_version", 1}};
  if (!IsErrorDocument(document)) {
    document.emplace("target", nullptr);
    document.emplace("message", nullptr);
    document.emplace("next", nullptr);
    document.emplace("diagnostics", json::array{});
  }
  for (auto& member : document) whole.emplace(member.key(), std::move(member.value()));
  return whole;
}

CommandAnswer AnswerFor(std::string_view command, const std::function<CommandAnswer()>& work) {
  CommandAnswer answer;
  try {
    answer = work();
  } catch (const Error& error) {
    answer = AnswerOf(error);
  } catch (const std::exception& error) {
    answer = AnswerOf(Error(ErrorCode::kInternal, std::string("our bug: ") + error.what(),
                            "please report it with the command that led to it"));
  }
  answer.document = WithSharedKeys(command, std::move(answer.document));
  return answer;
}

CommandAnswer RunCommand(const Command& command, const CommandContext& context,
                         const CommandRequest& request) {
  return AnswerFor(command.name, [&] {
    CheckArguments(command, request);
    CheckFlags(command, request);
    return command.run(context, request);
  });
}

}  // namespace lockstep
