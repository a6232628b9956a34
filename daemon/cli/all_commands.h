// The table of commands as the command line has it: with those that need an agent, or only
// make sense in a shell.
#pragma once

#include <vector>

#include "commands/command.h"

namespace lockstep {

const std::vector<Command>& AllCommands();

}  // namespace lockstep
