#include "cli/agent_run.h"

#include <algorithm>
#include <utility>

#include "base/document.h"
#include "base/error.h"
#include "base/uuid.h"
#include "cli/agent_problem.h"

namespace lockstep {
namespace {

constexpr Duration kPause = std::chrono::milliseconds(250);

// A run may end between the refusal that names it and our look at it, and the next one begin.
constexpr int kMostStarts = 5;

std::string PathOf(const std::string& run_id) { return "/api/v1/runs/" + PercentEncoded(run_id); }

AgentRequest StartOf(const AgentContext& context, const RunWish& wish) {
  json::object body{{"command", wish.command}, {"goal", wish.goal}};
  if (wish.yes) body["yes"] = true;
  if (!context.target.empty()) body["target"] = context.target;
  return {.method = "POST",
          .path = "/api/v1/runs",
          .body = std::move(body),
          .idempotency_key = NewUuid()};
}

// An answer that was lost on its way is asked for again: the key keeps it from beginning two runs.
AgentAnswer AskUntilAnswered(const AgentContext& context, const AgentRequest& request) {
  std::optional<SteadyTime> until;
  for (;;) {
    try {
      return context.client.Ask(request, context.stop.detach);
    } catch (const Error& error) {
      if (!until && error.code() != ErrorCode::kConnectionLost) throw;
      if (!IsAway(error)) throw;
      if (!until) until = context.clock.Now() + context.patience;
      if (context.clock.Now() >= *until) throw;
      context.clock.SleepFor(kPause, context.stop.detach);
    }
  }
}

// The agent's own runs go to "heads", and people type "head": the same in a folder with one head.
bool IsSameGoal(const std::string& a, const std::string& b) {
  const auto is_head = [](const std::string& goal) { return goal == "head" || goal == "heads"; };
  return a == b || (is_head(a) && is_head(b));
}

bool IsWished(const json::object& run, const RunWish& wish) {
  return TextAt(run, "command") == wish.command && IsSameGoal(TextAt(run, "goal"), wish.goal);
}

// "begun by the agent itself (folder)", "begun by uid 0, gid 0, pid 1".
std::string OriginOf(const json::object& run) {
  const std::string caller = TextAt(run, "caller");
  if (!caller.empty()) return "begun by " + caller;
  return "begun by the agent itself (" + TextAt(run, "source") + ")";
}

Error BusyWith(const AgentContext& context, const json::object& run) {
  const std::string created = TextAt(run, "created_at");
  return Error(ErrorCode::kBusy,
               "the agent carries out another run: " + TextAt(run, "command") + " to \"" +
                   TextAt(run, "goal") + "\", " + OriginOf(run) +
                   (created.empty() ? "" : " at " + created) + "; nothing was changed",
               "try again when it has ended, or end it: \"" +
                   CommandLineFor(context, "stop-run " + TextAt(run, "id")) + "\"");
}

// Nothing when it has ended since, or was forgotten.
std::optional<json::object> ActiveRun(const AgentContext& context, const std::string& run_id) {
  auto answer = context.client.Ask({.path = PathOf(run_id)}, context.stop.detach);
  if (answer.status == 404) return std::nullopt;
  json::object run = Accepted(std::move(answer));
  if (TextAt(run, "state") == "ended") return std::nullopt;
  return run;
}

json::object StartOrJoin(const AgentContext& context, const RunWish& wish) {
  for (int tries = 1;; ++tries) {
    auto answer = AskUntilAnswered(context, StartOf(context, wish));
    const std::string active = TextAt(answer.body, "run_id");
    if (answer.ok() || answer.status != 409 || active.empty()) return Accepted(std::move(answer));
    if (const auto run = ActiveRun(context, active)) {
      if (!IsWished(*run, wish)) throw BusyWith(context, *run);
      context.observer.OnMessage("the same run is under way, " + OriginOf(*run) + "; following it");
      return *run;
    }
    if (tries == kMostStarts) throw ErrorOf(answer);
  }
}

json::object DetachedDocument(const AgentContext& context, const RunWish& wish,
                              const std::string& run_id, const std::string& message) {
  return {{"state", "detached"},
          {"direction", wish.command == "upgrade" ? "up" : "down"},
          {"goal", wish.goal},
          {"run_id", run_id},
          {"applied", json::array{}},
          {"rolled_back", json::array{}},
          {"not_run", json::array{}},
          {"heads", json::array{}},
          {"ahead", json::array{}},
          {"lock_wait_seconds", nullptr},
          {"busy_holder", nullptr},
          {"backup", nullptr},
          {"error", nullptr},
          {"message", message},
          {"next", CommandLineFor(context, "status")}};
}

// Of the event "ended", and of a run that has ended.
CommandAnswer EndOf(const json::object& ended) {
  const json::value* document = ended.if_contains("document");
  const json::value* exit_code = ended.if_contains("exit_code");
  if (document == nullptr || !document->is_object()) throw NotUnderstood("document of the run");
  if (exit_code == nullptr || !exit_code->is_int64()) throw NotUnderstood("exit code of the run");
  return {document->get_object(), static_cast<ExitCode>(exit_code->get_int64())};
}

// Follows one run to its end, over lost connections and restarts of the agent.
// Thread: the command's.
class Follower {
 public:
  Follower(const AgentContext& context, RunWish wish, std::string run_id)
      : context_(context), wish_(std::move(wish)), run_id_(std::move(run_id)) {}

  CommandAnswer Follow() {
    while (!context_.stop.detach.stop_requested()) {
      try {
        if (auto end = FollowOnce()) return *end;
        Pause("the agent ended its stream of events early");
      } catch (const Error& error) {
        // Which signal it was is looked at from the beginning.
        if (error.code() == ErrorCode::kStopped) continue;
        if (!IsAway(error) || forgotten_) throw;
        Pause(error.what());
      }
    }
    return {DetachedDocument(context_, wish_, run_id_, "detached; the run goes on"),
            ExitCode::kTemporary};
  }

 private:
  enum class Stop { kNone, kAfterCurrent, kNow };

  std::optional<CommandAnswer> FollowOnce() {
    AskToStop();
    if (lost_since_) LookAtRun();
    if (!end_) ReadEvents();
    return end_;
  }

  Stop Wanted() const {
    if (context_.stop.run.now.stop_requested()) return Stop::kNow;
    return context_.stop.run.after_current.stop_requested() ? Stop::kAfterCurrent : Stop::kNone;
  }

  // What ends a wait: the next thing that a person may want after `stop`.
  std::stop_token After(Stop stop) const {
    if (stop == Stop::kNone) return context_.stop.run.after_current;
    return stop == Stop::kAfterCurrent ? context_.stop.run.now : context_.stop.detach;
  }

  void AskToStop() {
    const Stop wanted = Wanted();
    if (wanted <= asked_) return;
    AgentRequest request{.method = "DELETE", .path = PathOf(run_id_)};
    if (wanted == Stop::kNow) request.query.emplace_back("now", "true");
    const auto answer = context_.client.Ask(request, After(wanted));
    if (answer.status == 503) throw ErrorOf(answer);
    asked_ = wanted;
    // It may have ended in the meantime: its events tell.
    if (answer.ok() || answer.status == 404 || answer.status == 409) return;
    context_.observer.OnMessage(std::string("the agent does not stop the run: ") +
                                ErrorOf(answer).what());
  }

  void LookAtRun() {
    const auto run = RequireKnown(context_.client.Ask({.path = PathOf(run_id_)}, After(asked_)));
    if (TextAt(run, "state") == "ended") end_ = EndOf(run);
  }

  void ReadEvents() {
    AgentRequest request{.path = PathOf(run_id_) + "/events"};
    if (seen_ > 0) request.query.emplace_back("after", std::to_string(seen_));
    RequireKnown(context_.client.Follow(
        request,
        [this](const std::optional<json::object>& event) {
          lost_since_.reset();
          if (event) Take(*event);
          return !end_;
        },
        After(asked_)));
  }

  void Take(const json::object& event) {
    const auto number = WholeAt(event, "seq");
    if (number > 0 && number <= seen_) return;
    seen_ = std::max(seen_, number);
    if (TextAt(event, "event") == "ended") {
      end_ = EndOf(event);
    } else {
      Show(event);
    }
  }

  // How a newer agent tells of its run must not keep us from following it.
  void Show(const json::object& event) {
    try {
      context_.replay(event, context_.observer);
    } catch (const std::exception&) {
      return;
    }
  }

  json::object RequireKnown(AgentAnswer answer) {
    if (answer.status != 404) return Accepted(std::move(answer));
    forgotten_ = true;
    throw Error(ErrorCode::kUnreachable,
                "the agent does not know the run \"" + run_id_ +
                    "\" any more: it was restarted in the meantime",
                "see where the database stands with \"" + CommandLineFor(context_, "status") +
                    "\"; then give the command again");
  }

  void Pause(const std::string& why) {
    const SteadyTime now = context_.clock.Now();
    if (!lost_since_) {
      lost_since_ = now;
      context_.observer.OnReconnect(why);
    }
    if (now - *lost_since_ >= context_.patience) {
      throw Error(ErrorCode::kUnreachable,
                  "lost the agent during the run \"" + run_id_ + "\": " + why,
                  "the run may go on; once the agent is back, \"" +
                      CommandLineFor(context_, "status") + "\" tells");
    }
    context_.clock.SleepFor(kPause, context_.stop.detach);
  }

  const AgentContext& context_;
  const RunWish wish_;
  const std::string run_id_;
  Stop asked_ = Stop::kNone;
  long long seen_ = 0;  // the number of the last event
  std::optional<SteadyTime> lost_since_;
  bool forgotten_ = false;
  std::optional<CommandAnswer> end_;
};

json::object StartOrJoinUnlessLeft(const AgentContext& context, const RunWish& wish) {
  try {
    return StartOrJoin(context, wish);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kStopped) throw;
    throw Error(ErrorCode::kStopped, "left before the agent answered; it may have begun the run",
                "\"" + CommandLineFor(context, "status") + "\" tells");
  }
}

}  // namespace

CommandAnswer RunByAgent(const AgentContext& context, const RunWish& wish) {
  const json::object run = StartOrJoinUnlessLeft(context, wish);
  const std::string run_id = TextAt(run, "id");
  if (run_id.empty()) throw NotUnderstood("id of the run");
  if (wish.detach) {
    return {DetachedDocument(context, wish, run_id, "the agent carries it out")};
  }
  return Follower(context, wish, run_id).Follow();
}

}  // namespace lockstep
