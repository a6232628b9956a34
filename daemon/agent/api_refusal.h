// How a handler of the API says no: thrown by it, and caught where the request was handed on.
#pragma once

#include <utility>

#include "agent/api.h"
#include "agent/problem.h"

namespace lockstep {

struct Refusal {
  Problem problem;
};

[[noreturn]] inline void Refuse(int status, std::string detail, std::string hint = {},
                                std::string run_id = {}) {
  throw Refusal{{.status = status,
                 .detail = std::move(detail),
                 .hint = std::move(hint),
                 .run_id = std::move(run_id)}};
}

// The target that `named` means, or the only one; with its status.
std::shared_ptr<const TargetStatus> ChosenTarget(const AgentControl& agent,
                                                 const std::string& named);
// The same, by the query.
std::shared_ptr<const TargetStatus> ChosenTarget(const AgentControl& agent,
                                                 const HttpRequest& request);

// The third part of "/api/v1/runs/ID/...".
std::string RunIdIn(const HttpRequest& request);

HttpResponse JsonResponse(const json::object& document, int status = 200);

}  // namespace lockstep
