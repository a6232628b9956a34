// Command lines worth copying, for the help texts and the manual.
#pragma once

#include <string_view>
#include <vector>

namespace lockstep {

struct Example {
  std::string_view command;  // the command's name in the table
  std::string_view line;     // without the program's name
  std::string_view says;
};

const std::vector<Example>& Examples();

}  // namespace lockstep
