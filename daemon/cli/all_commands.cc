#include "cli/all_commands.h"

#include "cli/completion.h"

namespace lockstep {

const std::vector<Command>& AllCommands() {
  static const std::vector<Command> commands = [] {
    auto all = Commands();
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
