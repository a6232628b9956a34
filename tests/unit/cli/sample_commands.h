// A small table of commands, so that these tests do not move with the real one.
#pragma once

#include <vector>

#include "commands/command.h"

namespace lockstep {

inline const std::vector<Command>& SampleCommands() {
  static const std::vector<Command> commands = {
      {"upgrade",
       "[GOAL]",
       "apply migrations",
       {{"backup", "DIR", "where the dump goes"}, {"keep", "N", "how many dumps stay"}},
       0,
       1,
       nullptr},
      {"heads", "", "show the heads", {}, 0, 0, nullptr},
      {"history", "", "list it's migrations: [all]", {{"range", "A:B", "a part"}}, 0, 0, nullptr},
      {"plan", "[GOAL]", "show the plan", {{"sql", "", "print SQL"}}, 0, 1, nullptr},
      {"show", "REVISION", "show one", {}, 1, 1, nullptr},
      {"lock show", "", "show the holder", {}, 0, 0, nullptr},
  };
  return commands;
}

}  // namespace lockstep
