// What the commands that speak to an agent work with.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/json.h"
#include "cli/agent_client.h"
#include "cli/agent_signals.h"
#include "commands/command.h"
#include "engine/run_observer.h"

namespace lockstep {

// Borrowed, but for the small values.
struct AgentContext {
  const AgentClient& client;
  std::string target;  // of several, the one that is meant; empty: not named
  bool yes = false;    // every question is answered with yes
  Clock& clock;
  RunObserver& observer;
  FollowTokens stop;
  Confirm confirm;
  // ReplayRunEvent of commands/run_events.h.
  std::function<void(const json::object& event, RunObserver& observer)> replay;
  // For how long a lost agent is looked for: a restart takes a moment.
  Duration patience = std::chrono::seconds(10);
};

// GET of one of the API's questions, "status" or "history", about the target that is meant.
AgentRequest QuestionAbout(const AgentContext& context, const std::string& what);

// "lockstep --socket PATH status": what a person types to ask this agent.
std::string CommandLineFor(const AgentContext& context, const std::string& command);

// The agent is away, or just about to be: it may come back.
bool IsAway(const Error& error);

}  // namespace lockstep
