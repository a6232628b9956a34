// wait, by an agent: long polls of half a minute, until the goal is reached or the time is up.
#include <algorithm>

#include "base/document.h"
#include "base/error.h"
#include "cli/agent_commands.h"
#include "cli/agent_problem.h"
#include "commands/goal_argument.h"
#include "commands/wait_timeout.h"
#include "core/duration.h"

namespace lockstep {
namespace {

// So that an agent that died in the meantime is noticed.
constexpr Duration kPiece = std::chrono::seconds(30);
constexpr Duration kPause = std::chrono::seconds(1);

// A revision as such; "head" as the agent's folder has it. What moves along with the database, as
// "+1" does, would mean something else in each piece.
std::pair<std::string, std::string> QueryFor(const std::string& text) {
  const Goal goal = GoalFrom(text);
  const bool revision = goal.anchor == Goal::Anchor::kRevision;
  const bool head = goal.anchor == Goal::Anchor::kHead || goal.anchor == Goal::Anchor::kHeads;
  if (goal.offset != 0 || !(revision || head)) {
    throw Error(ErrorCode::kUsage, "an agent cannot be waited for with the goal \"" + text + "\"",
                "name a revision, or head");
  }
  return {revision ? "revision" : "goal", text};
}

ExitCode ExitCodeOf(std::string_view state) {
  if (state == "reached") return ExitCode::kDone;
  return state == "failed" ? ExitCode::kBadMigration : ExitCode::kTemporary;
}

// Thread: the command's.
class Waiter {
 public:
  Waiter(const AgentContext& context, std::string goal, std::optional<Duration> timeout)
      : context_(context),
        goal_(std::move(goal)),
        query_(QueryFor(goal_)),
        timeout_(timeout),
        started_(context.clock.Now()) {}

  CommandAnswer Wait() {
    for (;;) {
      if (context_.stop.detach.stop_requested()) return Ended("stopped", "stopped on request");
      const SteadyTime asked = context_.clock.Now();
      const std::string state = AskOnce();
      if (state == "reached" || state == "failed") return Ended(state, TextAt(last_, "message"));
      if (timeout_ && Waited() >= *timeout_) return Ended("timeout", WhyNot());
      if (context_.clock.Now() - asked >= kPause) continue;
      context_.clock.SleepFor(Shortened(kPause), context_.stop.detach);
    }
  }

 private:
  Duration Waited() const { return context_.clock.Now() - started_; }
  Duration Shortened(Duration duration) const {
    return timeout_ ? std::clamp(*timeout_ - Waited(), Duration::zero(), duration) : duration;
  }

  // The state that the agent tells; empty when it is away, which is only borne once it was there.
  std::string AskOnce() {
    const Duration piece = Shortened(kPiece);
    AgentRequest request = QuestionAbout(context_, "wait");
    request.query.push_back(query_);
    request.query.emplace_back("timeout", ToPostgres(piece));
    request.patience = piece;
    try {
      AgentAnswer answer = context_.client.Ask(request, context_.stop.detach);
      met_ = true;
      last_ = Accepted(std::move(answer));
      last_problem_.clear();
      const std::string state = TextAt(last_, "state");
      return state.empty() ? throw NotUnderstood("state") : state;
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kStopped) return "";
      if (!IsAway(error) || !met_) throw;
      last_problem_ = error.what();
      return "";
    }
  }

  std::string WhyNot() const {
    if (!last_problem_.empty()) return "not reached in time; " + last_problem_;
    const std::string told = TextAt(last_, "message");
    return told.empty() ? "not reached in time" : told;
  }

  // The agent's last document, with the whole wait's figures.
  CommandAnswer Ended(const std::string& state, const std::string& message) {
    json::object document = std::move(last_);
    document["goal"] = goal_;
    document["reached"] = state == "reached";
    document["state"] = state;
    document.emplace("waiting_for", json::array{});
    document["waited_seconds"] = ToSeconds(Waited());
    document["timeout_seconds"] =
        timeout_ ? json::value(ToSeconds(*timeout_)) : json::value(nullptr);
    document.emplace("failure", nullptr);
    document["message"] = message;
    document["next"] = state == "reached" ? json::value(nullptr) : json::value("lockstep status");
    return {std::move(document), ExitCodeOf(state)};
  }

  const AgentContext& context_;
  const std::string goal_;
  const std::pair<std::string, std::string> query_;
  const std::optional<Duration> timeout_;
  const SteadyTime started_;
  bool met_ = false;
  json::object last_;
  std::string last_problem_;
};

}  // namespace

CommandAnswer WaitByAgent(const AgentContext& context, const CommandRequest& request) {
  const auto timeout = WaitTimeoutFrom(request.Get("timeout", "10m"));
  return Waiter(context, request.Get("for", "head"), timeout).Wait();
}

}  // namespace lockstep
