// Makes the text for people out of a command's JSON document, and out of nothing else: the same
// printer serves an answer that came from an agent.
#pragma once

#include <string>

#include "base/json.h"
#include "commands/command.h"

namespace lockstep {

struct PrintOptions {
  bool json = false;
  bool quiet = false;  // errors only, and what was asked for as a file (a script, a completion)
  bool verbose = false;
  bool color_data = false;
  bool color_messages = false;
  bool data_to_terminal = false;  // scripts are printed byte for byte elsewhere
};

// Data is for standard output, messages for standard error.
struct PrintedAnswer {
  std::string data;
  std::string messages;
};

// Everything that came from files or the database is made safe for a terminal.
PrintedAnswer Print(const CommandAnswer& answer, const PrintOptions& options);

}  // namespace lockstep
