// upgrade and downgrade by an agent: asks for the run, follows it, tells it to stop.
#pragma once

#include <string>

#include "cli/agent_context.h"

namespace lockstep {

struct RunWish {
  std::string command;  // "upgrade"
  std::string goal;
  bool yes = false;     // agrees to roll back everything
  bool detach = false;  // begin it, and leave
};

// Asks the agent for the run; joins one that is under way when it has the same command and goal.
// Shows its events through the context's observer, and answers as a run of our own would: the
// document and the exit code are the run's. Left early, by --detach or a signal, the state is
// "detached". Throws Error: what AgentClient does; kBusy when another run is under way,
// kUnreachable when the agent went away and did not come back, or came back without the run.
CommandAnswer RunByAgent(const AgentContext& context, const RunWish& wish);

}  // namespace lockstep
