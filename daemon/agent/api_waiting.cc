#include "agent/api_waiting.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "agent/api_refusal.h"
#include "base/text.h"
#include "commands/documents.h"
#include "core/duration.h"

namespace lockstep {
namespace {

constexpr Duration kDefaultWait = std::chrono::seconds(30);
constexpr Duration kLongestWait = std::chrono::minutes(10);
constexpr Duration kFreshPicture = std::chrono::seconds(1);  // while somebody waits for a goal
constexpr Duration kHeartbeat = std::chrono::seconds(15);    // of a quiet stream

std::string QueryValue(const HttpRequest& request, std::string_view key, std::string fallback) {
  const auto found = request.query.find(key);
  return found == request.query.end() ? std::move(fallback) : found->second;
}

Duration TimeoutOf(const HttpRequest& request) {
  const std::string text = QueryValue(request, "timeout", "");
  if (text.empty()) return kDefaultWait;
  const auto timeout = ParseDuration(text);
  if (!timeout || *timeout > kLongestWait) {
    Refuse(400, "\"timeout\" takes a time of at most 10min, not \"" + Escaped(text) + "\"",
           "write it as 30s");
  }
  return *timeout;
}

// ---- A goal -------------------------------------------------------------------------------------

bool IsHead(const std::string& goal) { return goal == "head" || goal == "heads"; }

// A goal against one picture of the target.
struct GoalSight {
  std::vector<std::string> missing;
  bool failed = false;  // something that it needs did
};

// The revision that `text` names or is the only prefix of; what nobody knows is itself, since an
// application of a newer release may wait before its folder has come.
std::string RevisionNamed(const TargetStatus& status, const std::string& text) {
  if (!status.folder) return text;
  const std::vector<std::string> matching = status.folder->graph().Matching(text);
  return matching.size() == 1 ? matching.front() : text;
}

GoalSight SeeGoal(const TargetStatus& status, const std::string& goal) {
  const DatabaseSight& sight = *status.sight;
  GoalSight seen;
  if (IsHead(goal)) {
    // Nothing is pending in a folder that cannot be used, and yet its head is not reached.
    seen.missing = status.folder_ok ? sight.pending : std::vector<std::string>{goal};
    seen.failed = !sight.failed.empty();
    return seen;
  }
  const std::string revision = RevisionNamed(status, goal);
  if (sight.applied.contains(revision)) return seen;
  seen.missing = {revision};
  if (!status.folder || !status.folder->graph().Contains(revision)) return seen;
  const auto needed = status.folder->graph().AncestorsOf({revision});
  seen.failed = std::ranges::any_of(
      sight.failed, [&needed](const std::string& failed) { return needed.contains(failed); });
  return seen;
}

class GoalWaiting : public ApiWaiting {
 public:
  GoalWaiting(AgentControl& agent, const Clock& clock, const HttpRequest& request,
              std::shared_ptr<HttpReply> reply)
      : agent_(agent),
        reply_(std::move(reply)),
        target_(ChosenTarget(agent, request)->name),
        goal_(QueryValue(request, "revision", QueryValue(request, "goal", "head"))),
        began_(clock.Now()),
        timeout_(TimeoutOf(request)) {
    const bool relative = goal_.empty() || goal_.find_first_of("+: \t") != std::string::npos ||
                          goal_.starts_with('-') || goal_ == "base" || goal_ == "current";
    if (relative) {
      Refuse(400, "the agent cannot wait for \"" + Escaped(goal_) + "\"",
             "wait for head, heads, or a revision");
    }
    agent_.Refresh(target_);
    refreshed_ = began_;
  }

  std::optional<SteadyTime> Serve(SteadyTime now) override {
    if (reply_->gone()) return {};
    const auto status = agent_.StatusOf(target_);
    if (!status) {
      reply_->Send(ToResponse({.status = 404, .detail = "the target is gone"}));
      return {};
    }
    if (IsFresh(*status) && !IsConcluding(*status)) {
      const GoalSight seen = SeeGoal(*status, goal_);
      if (seen.missing.empty()) return Done(*status, "reached", seen, now);
      if (seen.failed) return Done(*status, "failed", seen, now);
    }
    if (now >= began_ + timeout_) {
      const GoalSight seen =
          status->sight ? SeeGoal(*status, goal_) : GoalSight{.missing = {goal_}};
      return Done(*status, "timeout", seen, now);
    }
    if (now >= refreshed_ + kFreshPicture) {
      agent_.Refresh(target_);
      refreshed_ = now;
    }
    return std::min(began_ + timeout_, refreshed_ + kFreshPicture);
  }

  void GiveUp() override {
    if (reply_->gone()) return;
    reply_->Send(ToResponse({.status = 503, .detail = "the agent is stopping"}));
  }

 private:
  bool IsFresh(const TargetStatus& status) const {
    return status.sight && status.reachable && status.looked_steady >= began_ - kFreshPicture;
  }

  // The picture after a run is there, and the run's end is about to be told: who hears that the
  // goal is reached may order the next run at once.
  bool IsConcluding(const TargetStatus& status) const {
    if (status.run) return false;
    const auto active = agent_.Journal().ActiveOf(target_);
    return active && active->phase == RunPhase::kRunning;
  }

  std::optional<SteadyTime> Done(const TargetStatus& status, const std::string& state,
                                 const GoalSight& seen, SteadyTime now) {
    const bool reached = state == "reached";
    json::value failure = nullptr;
    if (state == "failed") {
      if (const json::value* last = status.sight->status.if_contains("last_error")) failure = *last;
    }
    reply_->Send(JsonResponse({{"command", "wait"},
                               {"schema_version", 1},
                               {"target", TextOrNull(status.database)},
                               {"goal", goal_},
                               {"reached", reached},
                               {"state", state},
                               {"waiting_for", ToJson(seen.missing)},
                               {"waited_seconds", ToSeconds(now - began_)},
                               {"timeout_seconds", ToSeconds(timeout_)},
                               {"failure", std::move(failure)},
                               {"message", MessageOf(status, state)},
                               {"next", reached ? json::value(nullptr) : "lockstep status"},
                               {"diagnostics", json::array{}}}));
    return {};
  }

  static std::string MessageOf(const TargetStatus& status, const std::string& state) {
    if (state == "reached") return "the schema has reached it";
    if (state == "failed") return "a migration that it needs failed; waiting will not help";
    return "not reached in time; the agent: " + status.doing;
  }

  AgentControl& agent_;
  std::shared_ptr<HttpReply> reply_;
  std::string target_;
  std::string goal_;
  SteadyTime began_;
  Duration timeout_;
  SteadyTime refreshed_{};
};

// ---- Events ------------------------------------------------------------------------------------

std::uint64_t SequenceIn(const HttpRequest& request) {
  const std::string text = QueryValue(request, "after", "0");
  std::uint64_t sequence = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), sequence);
  if (problem != std::errc() || end != text.data() + text.size()) {
    Refuse(400, "\"after\" takes the number of an event, not \"" + Escaped(text) + "\"");
  }
  return sequence;
}

class EventsWaiting : public ApiWaiting {
 public:
  EventsWaiting(AgentControl& agent, const Clock& clock, const HttpRequest& request,
                std::shared_ptr<HttpReply> reply)
      : agent_(agent),
        reply_(std::move(reply)),
        run_id_(RunIdIn(request)),
        last_(SequenceIn(request)),
        wrote_(clock.Now()) {
    if (!agent_.Journal().Find(run_id_)) {
      Refuse(404, "there is no run \"" + Escaped(run_id_) + "\"");
    }
    reply_->Begin({.content_type = "application/x-ndjson", .headers = {}});
  }

  std::optional<SteadyTime> Serve(SteadyTime now) override {
    if (reply_->gone()) return {};
    const auto events = agent_.Journal().EventsAfter(run_id_, last_);
    if (!events) return End();
    std::string piece;
    for (const std::string& line : events->lines) piece += line + "\n";
    if (piece.empty() && now >= wrote_ + kHeartbeat) piece = "\n";
    if (!piece.empty()) {
      reply_->Write(std::move(piece));
      wrote_ = now;
    }
    last_ = events->last;
    if (events->ended) return End();
    return wrote_ + kHeartbeat;
  }

  void GiveUp() override { End(); }

 private:
  std::optional<SteadyTime> End() {
    reply_->End();
    return {};
  }

  AgentControl& agent_;
  std::shared_ptr<HttpReply> reply_;
  std::string run_id_;
  std::uint64_t last_;
  SteadyTime wrote_;
};

}  // namespace

std::unique_ptr<ApiWaiting> MakeGoalWaiting(AgentControl& agent, const Clock& clock,
                                            const HttpRequest& request,
                                            const std::shared_ptr<HttpReply>& reply) {
  return std::make_unique<GoalWaiting>(agent, clock, request, reply);
}

std::unique_ptr<ApiWaiting> MakeEventsWaiting(AgentControl& agent, const Clock& clock,
                                              const HttpRequest& request,
                                              const std::shared_ptr<HttpReply>& reply) {
  return std::make_unique<EventsWaiting>(agent, clock, request, reply);
}

}  // namespace lockstep
