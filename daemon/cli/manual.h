// The manual page lockstep(1), in man(7)'s macros: tables from the command table, prose from here.
#pragma once

#include <string>
#include <vector>

#include "commands/command.h"

namespace lockstep {

// docs/man/lockstep.1 is a copy of it; a test compares them.
std::string ManualPage(const std::vector<Command>& commands);

}  // namespace lockstep
