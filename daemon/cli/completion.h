// Scripts that teach a shell to complete our commands and options, made from the command table.
#pragma once

#include <string>
#include <vector>

#include "commands/command.h"

namespace lockstep {

std::string BashCompletion(const std::vector<Command>& commands);
std::string ZshCompletion(const std::vector<Command>& commands);
std::string FishCompletion(const std::vector<Command>& commands);

// "text|json" offers its words, "DIR", "FILE" and "PATH" what is on the disk; what else a value is
// called offers nothing. The same goes for arguments; a GOAL or REVISION offers Alembic's names.
enum class ValueKind { kNothing, kWords, kFolder, kFile };
struct ValueChoice {
  ValueKind kind = ValueKind::kNothing;
  std::vector<std::string> words;
};
ValueChoice ChoiceOf(std::string_view value);

// `lockstep completion SHELL`: {"shell", "script"}. The shell "man" gives the manual page; it is
// for those who build a package.
CommandAnswer RunCompletion(const CommandContext& context, const CommandRequest& request);

}  // namespace lockstep
