// Runs another program: no shell, bounded output, bounded time, its own process group.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace lockstep {

struct SubprocessRequest {
  std::vector<std::string> command;  // command[0]: an absolute path, or a name looked up in PATH
  std::vector<std::pair<std::string, std::string>>
      environment;  // added to a clean one (PATH, HOME, LANG)
  std::string standard_input;
  std::chrono::milliseconds timeout{60'000};  // then TERM to the group, 2 s later KILL
  std::size_t output_limit = 64 << 10;  // bytes kept of each stream; the rest is read and dropped
  std::optional<unsigned> run_as_uid;   // only root may ask for it; the group follows the user
  std::string working_directory;        // empty: ours
};

struct SubprocessResult {
  int exit_code = 0;  // 128 + the signal when one ended it
  bool timed_out = false;
  bool stopped = false;  // `stop` was requested while it ran
  std::string output;    // standard output
  std::string error_output;
  bool ok() const { return exit_code == 0 && !timed_out && !stopped; }
};

// Waits until the program has ended; a stop request ends it like a timeout. Throws Error
// kSubprocess when it cannot be started (the message names the program). Thread: any.
SubprocessResult RunSubprocess(const SubprocessRequest& request, std::stop_token stop = {});

// The absolute path of `name` as PATH gives it, or nothing.
std::optional<std::string> FindProgram(const std::string& name);

}  // namespace lockstep
