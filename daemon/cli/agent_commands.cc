#include "cli/agent_commands.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace lockstep {
namespace {

struct Door {
  std::string_view command;
  std::vector<std::string_view> flags;  // those that an agent knows
  CommandAnswer (*run)(const AgentContext&, const CommandRequest&);
};

const std::vector<Door>& Doors() {
  static const std::vector<Door> doors = {
      {"status", {}, StatusByAgent},
      {"history", {}, HistoryByAgent},
      {"plan", {"exit-code"}, PlanByAgent},
      {"blockers", {}, BlockersByAgent},
      {"wait", {"for", "timeout"}, WaitByAgent},
      {"upgrade", {"detach"}, UpgradeByAgent},
      {"downgrade", {"detach"}, DowngradeByAgent},
      {"stop-run", {"now"}, StopRunByAgent},
      {"pause", {}, PauseByAgent},
      {"resume", {}, ResumeByAgent},
      {"reload", {}, ReloadByAgent},
  };
  return doors;
}

const Door* FindDoor(std::string_view command) {
  const auto found = std::find_if(Doors().begin(), Doors().end(),
                                  [&](const Door& door) { return door.command == command; });
  return found == Doors().end() ? nullptr : &*found;
}

std::string NamesOfDoors() {
  std::vector<std::string> names;
  for (const Door& door : Doors()) names.emplace_back(door.command);
  return Join(names, ", ");
}

bool IsAgentOnly(std::string_view command) {
  const auto& all = AgentOnlyCommands();
  return std::any_of(all.begin(), all.end(),
                     [&](const Command& known) { return known.name == command; });
}

std::string HintFor(std::string_view flag) {
  if (flag == "backup" || flag == "keep") return "the agent's configuration says where backups go";
  if (flag == "range") return "the agent gives the whole history";
  return "the agent plans the way to its own goal";
}

void RequireFlags(const Door& door, const CommandRequest& request) {
  for (const auto& [flag, value] : request.flags) {
    if (std::find(door.flags.begin(), door.flags.end(), flag) != door.flags.end()) continue;
    throw Error(ErrorCode::kUsage, "\"--" + flag + "\" does not work with --socket", HintFor(flag));
  }
}

// Whoever names a database here must not see another one changed.
void RequireAgentsSettings(const SettingsFlags& flags) {
  const std::pair<std::string_view, const std::string&> own[] = {
      {"--database-url", flags.database_url},
      {"--password-file", flags.password_file},
      {"--dir", flags.folder},
      {"--config", flags.config}};
  for (const auto& [flag, value] : own) {
    if (value.empty()) continue;
    throw Error(ErrorCode::kUsage, std::string(flag) + " and --socket exclude each other",
                "the agent has its database and its folder from its own configuration");
  }
}

void RequireNoAgentFlags(const Invocation& invocation) {
  const auto name = invocation.command->name;
  const bool run = name == "upgrade" || name == "downgrade";
  if (!run || !invocation.request.Has("detach")) return;
  throw Error(ErrorCode::kUsage, "\"--detach\" speaks to an agent; give --socket",
              "only an agent goes on with a run that nobody looks at");
}

CommandAnswer RunNowhere(const CommandContext&, const CommandRequest&) {
  throw Error(ErrorCode::kUsage, "this command speaks to an agent; give --socket");
}

// "lockstep status" as it asks the agent that gave the document.
void PointToAgent(json::object& document, const AgentContext& context) {
  static constexpr std::string_view kProgram = "lockstep ";
  json::value* next = document.if_contains("next");
  if (next == nullptr || !next->is_string()) return;
  const std::string line(next->get_string());
  if (!line.starts_with(kProgram)) return;
  const std::string rest = line.substr(kProgram.size());
  if (FindDoor(rest.substr(0, rest.find(' '))) != nullptr) *next = CommandLineFor(context, rest);
}

}  // namespace

const std::vector<Command>& AgentOnlyCommands() {
  static const std::vector<Command> commands = {
      {"stop-run",
       "[RUN]",
       "end the agent's run after the migration that runs",
       {{"now", "", "cancel that migration too; it is rolled back"}},
       0,
       1,
       RunNowhere},
      {"pause", "", "let the agent begin nothing; what runs goes on", {}, 0, 0, RunNowhere},
      {"resume", "", "let the agent begin runs again", {}, 0, 0, RunNowhere},
      {"reload",
       "",
       "let the agent read its configuration and folders again",
       {},
       0,
       0,
       RunNowhere},
  };
  return commands;
}

std::optional<std::string> SocketFor(const Invocation& invocation, const std::string& environment) {
  const std::string name(invocation.command->name);
  std::string socket = invocation.options.socket;
  if (socket.empty() && IsAgentOnly(name)) socket = environment;
  if (socket.empty() && IsAgentOnly(name)) {
    throw Error(ErrorCode::kUsage,
                name + " speaks to an agent; give --socket, or set LOCKSTEP_SOCKET");
  }
  if (socket.empty()) {
    RequireNoAgentFlags(invocation);
    return std::nullopt;
  }
  const Door* door = FindDoor(name);
  if (door == nullptr) {
    throw Error(ErrorCode::kUsage, "\"" + name + "\" does not speak to an agent",
                "with --socket work: " + NamesOfDoors());
  }
  RequireFlags(*door, invocation.request);
  RequireAgentsSettings(invocation.options.settings);
  return socket;
}

CommandAnswer RunAgentCommand(const Command& command, const AgentContext& context,
                              const CommandRequest& request) {
  const Door& door = *FindDoor(command.name);
  CommandAnswer answer = AnswerFor(command.name, [&] { return door.run(context, request); });
  PointToAgent(answer.document, context);
  return answer;
}

}  // namespace lockstep
