// A program that we started: the ground under RunSubprocess and the sandbox's server.
#pragma once

#include <sys/types.h>

#include <array>
#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/descriptor.h"

namespace lockstep {

// A descriptor of the process, which never comes to mean another one; not open when there is none.
// Readable, as poll() means it, once the process has ended.
Descriptor OpenProcess(pid_t pid);

struct ChildRequest {
  std::vector<std::string> command;  // command[0]: an absolute path, or a name looked up in PATH
  std::vector<std::pair<std::string, std::string>> environment;  // added to PATH, HOME and LANG
  std::optional<unsigned> run_as_uid;      // only root may ask for it; the groups follow the user
  std::string working_directory;           // empty: ours
  std::array<int, 3> streams{-1, -1, -1};  // become its standard ones; -1: /dev/null. Borrowed
  // The program gets a session of its own, and ReleaseChild may leave it running. Otherwise the
  // kernel sends it `death_signal` when the thread that started it ends, however that came about.
  bool survives = false;
  int death_signal = SIGKILL;
};

// Owns the program: its destructor kills and reaps it.
// Thread: the one that started it.
class ChildProcess {
 public:
  // Returns once the program itself runs. Throws Error kSubprocess, which names the program, when
  // it cannot be started.
  explicit ChildProcess(const ChildRequest& request);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  int descriptor() const { return descriptor_.get(); }
  // Reaches the program and all that it left in its process group.
  void Signal(int signal);
  // Says false when the program still runs after `limit`.
  bool WaitFor(std::chrono::milliseconds limit);
  // Waits for the end; 128 + the signal when one ended it. What is left of the group is killed, so
  // that nothing of it outlives this call. At most once.
  int Reap();
  // Leaves the program running, as nobody's child when we end.
  void Release() { pid_ = -1; }

 private:
  pid_t pid_ = -1;
  Descriptor descriptor_;
};

}  // namespace lockstep
