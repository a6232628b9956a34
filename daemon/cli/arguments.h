// Reads the command line: which command, with what, and how to answer.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "commands/command.h"

namespace lockstep {

struct GlobalOptions {
  SettingsFlags settings;
  std::string socket;  // of an agent; empty: none
  bool json = false;
  bool quiet = false;
  bool verbose = false;
  bool no_color = false;
  bool yes = false;
};

// `command` points into the table that was given.
struct Invocation {
  const Command* command = nullptr;
  CommandRequest request;
  GlobalOptions options;
};

// What the command line answers by itself. kDone: help or version, for standard output; kUsage:
// what is wrong with it, for standard error. Never repeats a value that could hold a password.
struct ArgumentReply {
  std::string text;
  ExitCode exit_code = ExitCode::kDone;
};

using ParsedArguments = std::variant<Invocation, ArgumentReply>;

// Options may stand before and after the command; "-1" is an argument and not an option.
ParsedArguments ParseArguments(int argc, const char* const* argv,
                               const std::vector<Command>& commands);

}  // namespace lockstep
