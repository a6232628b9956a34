#include "cli/all_commands.h"

#include "cli/agent_commands.h"
#include "cli/completion.h"

namespace lockstep {

namespace {

// Only an agent goes on with a run that nobody looks at.
void AddDetach(std::vector<Command>& commands) {
  for (Command& command : commands) {
    if (command.name != "upgrade" && command.name != "downgrade") continue;
    command.flags.push_back(
        {"detach", "", "with --socket: print the run's id and leave; the agent goes on"});
  }
}

}  // namespace

const std::vector<Command>& AllCommands() {
  static const std::vector<Command> commands = [] {
    auto all = Commands();
    AddDetach(all);
    all.insert(all.end(), AgentOnlyCommands().begin(), AgentOnlyCommands().end());
    all.push_back({"completion",
                   "bash|zsh|fish",
                   "print a script that completes commands and options",
                   {},
                   1,
                   1,
                   RunCompletion});
    return all;
  }();
  return commands;
}

}  // namespace lockstep
