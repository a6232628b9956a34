#include "agent/problem.h"

#include <algorithm>
#include <array>

#include "commands/documents.h"

namespace lockstep {
namespace {

struct ProblemType {
  int status;
  std::string_view name;
  std::string_view title;
  bool retryable;  // the same request may succeed later
};

constexpr std::array<ProblemType, 11> kTypes = {{
    {400, "bad-request", "the request cannot be understood", false},
    {403, "forbidden", "this caller may not do that", false},
    {404, "not-found", "there is no such thing", false},
    {405, "method-not-allowed", "this path takes another method", false},
    {408, "timeout", "the request did not arrive in time", true},
    {409, "conflict", "something else is under way", true},
    {413, "too-large", "the request is too large", false},
    {422, "refused", "what was given cannot be used", false},
    {431, "too-large", "the request's header is too large", false},
    {500, "internal", "this is a bug of the agent", false},
    {503, "unavailable", "not now", true},
}};

const ProblemType& TypeOf(int status) {
  const auto found = std::ranges::find(kTypes, status, &ProblemType::status);
  return found == kTypes.end() ? *std::ranges::find(kTypes, 500, &ProblemType::status) : *found;
}

}  // namespace

HttpResponse ToResponse(const Problem& problem) {
  const ProblemType& type = TypeOf(problem.status);
  const json::object document{{"type", "urn:lockstep:problem:" + std::string(type.name)},
                              {"title", type.title},
                              {"status", problem.status},
                              {"detail", TextOrNull(problem.detail)},
                              {"hint", TextOrNull(problem.hint)},
                              {"sqlstate", TextOrNull(problem.sqlstate)},
                              {"revision", TextOrNull(problem.revision)},
                              {"run_id", TextOrNull(problem.run_id)},
                              {"retryable", type.retryable}};
  return {.status = problem.status,
          .content_type = "application/problem+json",
          .body = json::serialize(document) + "\n",
          .headers = {}};
}

}  // namespace lockstep
