// The commands that an agent answers: the same words, another door.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/agent_context.h"
#include "cli/arguments.h"
#include "commands/command.h"

namespace lockstep {

// Those that exist with an agent only: pause, resume, reload, stop-run.
const std::vector<Command>& AgentOnlyCommands();

// The socket of the agent that is to answer, or nothing when we answer ourselves: --socket, and for
// the commands that exist with an agent only also `environment`, the value of LOCKSTEP_SOCKET.
// Throws Error kUsage when that command, or one of its options, does not work by that door.
std::optional<std::string> SocketFor(const Invocation& invocation, const std::string& environment);

// The agent's answer as the document that the command has by itself. REQUIRES: SocketFor gave a
// socket.
CommandAnswer RunAgentCommand(const Command& command, const AgentContext& context,
                              const CommandRequest& request);

// What each does; one file for each kind.
CommandAnswer StatusByAgent(const AgentContext& context, const CommandRequest& request);
CommandAnswer HistoryByAgent(const AgentContext& context, const CommandRequest& request);
CommandAnswer PlanByAgent(const AgentContext& context, const CommandRequest& request);
CommandAnswer BlockersByAgent(const AgentContext& context, const CommandRequest& request);
CommandAnswer WaitByAgent(const AgentContext& context, const CommandRequest& request);
CommandAnswer UpgradeByAgent(const AgentContext& context, const CommandRequest& request);
CommandAnswer DowngradeByAgent(const AgentContext& context, const CommandRequest& request);
CommandAnswer PauseByAgent(const AgentContext& context, const CommandRequest& request);
CommandAnswer ResumeByAgent(const AgentContext& context, const CommandRequest& request);
CommandAnswer ReloadByAgent(const AgentContext& context, const CommandRequest& request);
CommandAnswer StopRunByAgent(const AgentContext& context, const CommandRequest& request);

// The API's *status*, and in it the target that is meant. Throws Error kUsage when that is not
// clear.
json::object StatusOfAgent(const AgentContext& context);
json::object MeantTarget(const AgentContext& context, const json::object& status);

}  // namespace lockstep
