#include "cli/agent_problem.h"

#include "base/document.h"

namespace lockstep {
namespace {

ErrorCode CodeOf(int status) {
  switch (status) {
    case 403:
      return ErrorCode::kPermission;
    case 408:
    case 409:
      return ErrorCode::kBusy;
    case 422:
      return ErrorCode::kBadSettings;
    case 503:
      return ErrorCode::kUnreachable;
    default:
      return status < 500 ? ErrorCode::kUsage : ErrorCode::kInternal;
  }
}

std::string HintFor(int status) {
  if (status == 403) {
    return "root and the agent's own user may, and those of its settings socket.allow_users and "
           "socket.allow_groups";
  }
  if (status == 500) return "this is a bug; the agent's log tells more";
  return "";
}

}  // namespace

Error ErrorOf(const AgentAnswer& answer) {
  std::string message = TextAt(answer.body, "detail");
  if (message.empty()) message = TextAt(answer.body, "title");
  if (message.empty()) message = "the agent answered " + std::to_string(answer.status);
  std::string hint = TextAt(answer.body, "hint");
  if (hint.empty()) hint = HintFor(answer.status);
  return Error(CodeOf(answer.status), message, hint, TextAt(answer.body, "sqlstate"));
}

json::object Accepted(AgentAnswer answer) {
  if (!answer.ok()) throw ErrorOf(answer);
  return std::move(answer.body);
}

Error NotUnderstood(const std::string& what) {
  return Error(ErrorCode::kBadSettings, "the agent's answer has no " + what,
               "compare \"lockstep --version\" with the agent's: it may be of another release");
}

}  // namespace lockstep
