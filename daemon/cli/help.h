// What --help prints.
#pragma once

#include <string>
#include <vector>

#include "commands/command.h"

namespace lockstep {

// All commands in a line each, and the options that all of them take.
std::string HelpOverview(const std::vector<Command>& commands);
// One command: its usage, options and examples.
std::string HelpFor(const Command& command);

}  // namespace lockstep
