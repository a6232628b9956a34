// The command line of lockstepd.
#pragma once

#include <string>
#include <variant>

#include "commands/agent_settings.h"
#include "commands/command.h"

namespace lockstep {

struct AgentInvocation {
  AgentFlags flags;
  bool check_config = false;
  bool print_config = false;
};

// What the command line answers by itself: help, the version, the catalogue, or what is wrong.
struct AgentArgumentReply {
  std::string text;
  ExitCode exit_code = ExitCode::kDone;  // kUsage: for standard error
};

std::variant<AgentInvocation, AgentArgumentReply> ParseAgentArguments(int argc,
                                                                      const char* const* argv);

}  // namespace lockstep
