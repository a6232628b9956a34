#include "cli/agent_context.h"

#include "base/error.h"

namespace lockstep {

AgentRequest QuestionAbout(const AgentContext& context, const std::string& what) {
  AgentRequest request{.path = "/api/v1/" + what};
  if (!context.target.empty()) request.query.emplace_back("target", context.target);
  return request;
}

std::string CommandLineFor(const AgentContext& context, const std::string& command) {
  std::string line = "lockstep --socket " + context.client.socket();
  if (!context.target.empty()) line += " --target " + context.target;
  return line + " " + command;
}

bool IsAway(const Error& error) {
  return error.code() == ErrorCode::kUnreachable || error.code() == ErrorCode::kConnectionLost;
}

}  // namespace lockstep
