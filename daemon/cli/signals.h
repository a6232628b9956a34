// What Ctrl-C and its relatives mean while a command runs.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "base/clock.h"
#include "base/stop.h"

namespace lockstep {

// What a signal of the process leads to.
class SignalRules {
 public:
  virtual ~SignalRules() = default;
  enum class Next { kGoOn, kLeave };
  // kLeave: the program ends at once.
  virtual Next On(int signal) = 0;
};

// The rules of a run of our own, without the signals themselves:
//   INT   the first finishes the migration that runs, the second cancels it
//   TERM, HUP  finish it, but for no longer than `grace`; the second cancels it
//   QUIT  cancels it
// One more after that: the program leaves without waiting for the server's answer.
// Thread: any, one at a time.
class StopRules : public SignalRules {
 public:
  // From the supervisor's TERM to its KILL lie 30 s at least (systemd 90 s, Kubernetes 30 s).
  static constexpr Duration kGrace = std::chrono::seconds(25);

  // `say` gets one sentence for a person.
  StopRules(StopSource& source, Clock& clock, std::function<void(std::string_view)> say,
            Duration grace = kGrace);
  ~StopRules() override;
  StopRules(const StopRules&) = delete;
  StopRules& operator=(const StopRules&) = delete;

  Next On(int signal) override;

 private:
  void CancelAfterGrace();

  StopSource& source_;
  Clock& clock_;
  std::function<void(std::string_view)> say_;
  Duration grace_;
  bool cancelled_ = false;
  std::jthread grace_thread_;
};

// Takes the signals out of all threads and hands them to the rules, from a thread of its own.
// Thread: main; made before any other thread is.
class SignalWatcher {
 public:
  explicit SignalWatcher(SignalRules& rules);
  ~SignalWatcher();
  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;

 private:
  void Watch();

  SignalRules& rules_;
  int signals_;
  int end_;
  std::thread thread_;
};

}  // namespace lockstep
