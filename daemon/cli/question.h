// Asks the person at the terminal.
#pragma once

#include <optional>
#include <stop_token>
#include <string>

namespace lockstep {

// Shows `question` on standard error and reads a line from standard input: "y" and "yes" mean yes,
// every other line and the end of the input mean no. Nothing when there is no terminal to ask at,
// or when `stop` was requested first.
std::optional<bool> AskPerson(const std::string& question, std::stop_token stop);

// Whether a typed line means yes.
bool MeansYes(const std::string& line);

}  // namespace lockstep
