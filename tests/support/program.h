// The real program, started by a test, with what it wrote.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/child_process.h"
#include "base/descriptor.h"

namespace lockstep {

struct ProgramEnd {
  int exit_code = 0;     // 128 + the signal when one ended it
  std::string output;    // standard output
  std::string messages;  // standard error
};

// One of our programs [lockstep], killed with this object when it still runs. Its environment is
// PATH, HOME, LANG and what is given; what it writes is taken in at once, so that it never waits
// for the test. Thread: the one that started it.
class Program {
 public:
  using Environment = std::map<std::string, std::string>;

  explicit Program(const std::vector<std::string>& arguments, const Environment& environment = {},
                   std::string_view input = {}, const char* program = LOCKSTEP_PROGRAM);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  pid_t pid() const { return child_.pid(); }
  void Signal(int signal) { child_.Signal(signal); }
  bool HasEnded() { return child_.WaitFor(std::chrono::milliseconds(0)); }
  // Waits until standard error holds `text`; says false when the program ended without having said
  // it.
  bool WaitForMessage(std::string_view text);
  // What it has written to standard error until now.
  std::string messages();
  // Waits for the end. At most once.
  ProgramEnd Wait();

 private:
  struct Pipes {
    Pipes();
    Descriptor input[2], output[2], messages[2];  // read, write
  };

  static ChildRequest RequestFor(const char* program, const std::vector<std::string>& arguments,
                                 const Environment& environment, const Pipes& pipes);
  void Feed(std::string_view input);
  void Read();

  Pipes pipes_;
  ChildProcess child_;
  std::mutex mutex_;
  std::condition_variable came_;
  ProgramEnd end_;       // guarded by mutex_
  bool closed_ = false;  // guarded by mutex_: nothing more will come
  std::jthread reader_;  // last: it uses all of the above
};

}  // namespace lockstep
