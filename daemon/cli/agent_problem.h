// An agent's refusal (RFC 9457) as the error that the command line prints.
#pragma once

#include "base/error.h"
#include "cli/agent_client.h"

namespace lockstep {

// REQUIRES: !answer.ok(). Detail, hint and SQLSTATE are the agent's words; the code is chosen by
// the status.
Error ErrorOf(const AgentAnswer& answer);

// The answer's body; throws ErrorOf it when the agent refused.
json::object Accepted(AgentAnswer answer);

// An answer that lacks what docs/api.md promises: `what` names it.
Error NotUnderstood(const std::string& what);

}  // namespace lockstep
