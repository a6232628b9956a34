// What Ctrl-C and its relatives mean while the run that we follow is an agent's.
#pragma once

#include <functional>
#include <stop_token>
#include <string_view>

#include "base/stop.h"
#include "cli/signals.h"

namespace lockstep {

// What is wanted of the agent's run, and of ourselves.
struct FollowTokens {
  StopTokens run;
  std::stop_token detach;  // leave; the run goes on. Requested before the others are
};

// Thread: any.
class FollowStopSource {
 public:
  void RequestAfterCurrent() { run_.RequestAfterCurrent(); }
  void RequestNow() { run_.RequestNow(); }
  // Whoever waits for one of the others wakes up too.
  void RequestDetach() {
    detach_.request_stop();
    run_.RequestNow();
  }
  bool requested() const { return run_.requested(); }
  FollowTokens tokens() const { return {run_.tokens(), detach_.get_token()}; }

 private:
  StopSource run_;
  std::stop_source detach_;
};

// The rules, without the signals themselves:
//   INT   the first asks the agent to finish the migration that runs, the second to cancel it, the
//         third leaves
//   QUIT  asks the agent to cancel it
//   TERM, HUP  leave at once: whoever ends this program has not asked to end the run
// One more after that ends the program without a word.
// Thread: any, one at a time.
class FollowRules : public SignalRules {
 public:
  // `say` gets one sentence for a person.
  FollowRules(FollowStopSource& source, std::function<void(std::string_view)> say);
  Next On(int signal) override;

 private:
  FollowStopSource& source_;
  std::function<void(std::string_view)> say_;
  bool cancelled_ = false;
  bool detached_ = false;
};

}  // namespace lockstep
