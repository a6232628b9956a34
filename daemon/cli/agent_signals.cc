#include "cli/agent_signals.h"

#include <csignal>
#include <utility>

namespace lockstep {

FollowRules::FollowRules(FollowStopSource& source, std::function<void(std::string_view)> say)
    : source_(source), say_(std::move(say)) {}

SignalRules::Next FollowRules::On(int signal) {
  if (detached_) return Next::kLeave;
  if (cancelled_ || signal == SIGTERM || signal == SIGHUP) {
    detached_ = true;
    source_.RequestDetach();
  } else if (source_.requested() || signal == SIGQUIT) {
    cancelled_ = true;
    say_("asking the agent to cancel the migration now; press Ctrl-C again to leave");
    source_.RequestNow();
  } else {
    say_(
        "asking the agent to stop after the current migration; press Ctrl-C again to cancel it "
        "now");
    source_.RequestAfterCurrent();
  }
  return Next::kGoOn;
}

}  // namespace lockstep
