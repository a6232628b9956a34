// status, history, plan, blockers: what an agent knows, as the documents of docs/json.md.
#include "base/document.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/agent_commands.h"
#include "cli/agent_problem.h"
#include "core/duration.h"

namespace lockstep {
namespace {

// Older than the agent's usual picture of the database: worth telling.
constexpr double kOldSeconds = 60;

json::value ValueAt(const json::object& document, std::string_view key) {
  const json::value* value = document.if_contains(key);
  return value == nullptr ? json::value(nullptr) : *value;
}

bool HasErrors(const json::object& document) {
  for (const auto& diagnostic : ObjectsAt(document, "diagnostics")) {
    if (TextAt(diagnostic, "severity") == "error") return true;
  }
  return false;
}

std::string AgeOf(double seconds) {
  return ToText(std::chrono::seconds(static_cast<long long>(seconds)));
}

// The agent answers from its last picture, however old; people are told when it is.
void TellAge(json::object& document) {
  const double age = NumberAt(document, "age_seconds");
  if (age < kOldSeconds) return;
  const std::string message = TextAt(document, "message");
  document["message"] = (message.empty() ? "" : message + "; ") +
                        "the agent's picture of the database is " + AgeOf(age) + " old";
}

CommandAnswer AnswerTo(const AgentContext& context, const std::string& what) {
  json::object document = Accepted(context.client.Ask(QuestionAbout(context, what)));
  TellAge(document);
  const auto code = HasErrors(document) ? ExitCode::kBadMigration : ExitCode::kDone;
  return {std::move(document), code};
}

json::object AgentRow(const json::object& agent, const json::object& target) {
  return {{"version", ValueAt(agent, "version")},
          {"pid", ValueAt(agent, "pid")},
          {"doing", ValueAt(target, "doing")},
          {"paused", ValueAt(target, "paused")},
          {"ready", ValueAt(target, "ready")},
          {"reason", ValueAt(target, "reason")},
          {"age_seconds", ValueAt(target, "age_seconds")},
          {"config_problem", ValueAt(agent, "config_problem")}};
}

// The keys of the document "status" while nobody knows them.
json::object UnknownStatus() {
  json::object document;
  for (const auto* key : {"state", "pending", "run", "lock", "last_error", "last_change",
                          "bookkeeping", "alembic", "server"}) {
    document[key] = nullptr;
  }
  for (const auto* key :
       {"revisions", "heads", "pending_revisions", "ahead", "blockers", "victims"}) {
    document[key] = json::array{};
  }
  return document;
}

std::string WhyUnknown(const json::object& target) {
  const std::string problem = TextAt(target, "problem");
  return "the agent has not reached the database yet" + (problem.empty() ? "" : ": " + problem);
}

}  // namespace

json::object StatusOfAgent(const AgentContext& context) {
  json::object status = Accepted(context.client.Ask(QuestionAbout(context, "status")));
  if (ObjectsAt(status, "targets").empty()) throw NotUnderstood("list of targets");
  return status;
}

json::object MeantTarget(const AgentContext& context, const json::object& status) {
  const auto targets = ObjectsAt(status, "targets");
  if (context.target.empty() && targets.size() == 1) return targets.front();
  std::vector<std::string> names;
  for (const auto& target : targets) {
    names.push_back(TextAt(target, "name"));
    if (!context.target.empty() && names.back() == context.target) return target;
  }
  throw Error(ErrorCode::kUsage,
              context.target.empty() ? "the agent has several targets"
                                     : "the agent has no target \"" + context.target + "\"",
              "say which one is meant with --target: " + Join(names, ", "));
}

CommandAnswer StatusByAgent(const AgentContext& context, const CommandRequest&) {
  const json::object status = StatusOfAgent(context);
  const json::object target = MeantTarget(context, status);
  const json::object& known = ObjectAt(target, "status");
  json::object document = known.empty() ? UnknownStatus() : known;
  document["target"] = ValueAt(target, "database");
  document["agent"] = AgentRow(ObjectAt(status, "agent"), target);
  if (!known.empty())
    return {std::move(document), HasErrors(known) ? ExitCode::kBadMigration : ExitCode::kDone};
  document["message"] = WhyUnknown(target);
  return {std::move(document), ExitCode::kUnreachable};
}

CommandAnswer HistoryByAgent(const AgentContext& context, const CommandRequest&) {
  return AnswerTo(context, "history");
}

CommandAnswer BlockersByAgent(const AgentContext& context, const CommandRequest&) {
  return AnswerTo(context, "blockers");
}

CommandAnswer PlanByAgent(const AgentContext& context, const CommandRequest& request) {
  if (!request.arguments.empty()) {
    throw Error(ErrorCode::kUsage, "the agent plans the way to its own goal; leave GOAL out",
                "without --socket, \"lockstep plan\" plans the way to any goal");
  }
  CommandAnswer answer = AnswerTo(context, "plan");
  const bool work = !ListAt(answer.document, "steps").empty();
  if (answer.exit_code == ExitCode::kDone && work && request.Has("exit-code")) {
    answer.exit_code = ExitCode::kPending;
  }
  return answer;
}

}  // namespace lockstep
