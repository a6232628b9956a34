// Which exit code belongs to what went wrong: one table for all commands.
#pragma once

#include "base/error.h"
#include "commands/command.h"
#include "core/outcome.h"

namespace lockstep {

ExitCode ExitCodeOf(ErrorCode code);
ExitCode ExitCodeOf(const RunReport& report);

}  // namespace lockstep
