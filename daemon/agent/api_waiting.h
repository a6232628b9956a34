// Answers that come later: a goal that is waited for, a run's events as they happen.
#pragma once

#include <memory>
#include <optional>

#include "agent/api.h"

namespace lockstep {

// Thread: io.
class ApiWaiting {
 public:
  virtual ~ApiWaiting() = default;
  // Answers what there is to answer. Returns when to look again at the latest; nothing when it is
  // done, or its client has gone.
  virtual std::optional<SteadyTime> Serve(SteadyTime now) = 0;
  // The agent stops.
  virtual void GiveUp() = 0;
};

// Each throws a Refusal for what cannot be waited for. All of it is borrowed but the reply.
std::unique_ptr<ApiWaiting> MakeGoalWaiting(AgentControl& agent, const Clock& clock,
                                            const HttpRequest& request,
                                            const std::shared_ptr<HttpReply>& reply);
std::unique_ptr<ApiWaiting> MakeEventsWaiting(AgentControl& agent, const Clock& clock,
                                              const HttpRequest& request,
                                              const std::shared_ptr<HttpReply>& reply);

}  // namespace lockstep
