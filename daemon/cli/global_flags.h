// The options that every command takes, and the short forms of options.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "commands/command.h"

namespace lockstep {

// In the order of the manual.
const std::vector<Flag>& GlobalFlags();

// "v" of "verbose"; empty for an option without a short form.
std::string_view LetterOf(const Flag& flag);

// "-v, --verbose", "--dir DIR": as help and manual show it.
std::string FlagLabel(const Flag& flag);

}  // namespace lockstep
