#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "commands/commands.h"
#include "commands/documents.h"
#include "commands/goal_argument.h"
#include "commands/target_access.h"
#include "commands/wait_timeout.h"
#include "core/goal_resolution.h"

namespace lockstep {
namespace {

constexpr Duration kPoll = std::chrono::seconds(1);

enum class WaitState { kWaiting, kReached, kFailed, kTimeout, kStopped };

std::string_view NameOf(WaitState state) {
  switch (state) {
    case WaitState::kWaiting:
      return "waiting";
    case WaitState::kReached:
      return "reached";
    case WaitState::kFailed:
      return "failed";
    case WaitState::kTimeout:
      return "timeout";
    case WaitState::kStopped:
      return "stopped";
  }
  return "";
}

// An application that waits for one revision need not have the folder.
MigrationFolder FolderFor(const Settings& settings, const Goal& goal) {
  try {
    return LoadFolder(settings);
  } catch (const Error&) {
    if (goal.anchor != Goal::Anchor::kRevision || goal.offset != 0) throw;
    return {};
  }
}

std::vector<std::string> Wanted(const MigrationFolder& folder, const History& history,
                                const Goal& goal) {
  const auto reached = RevisionsAt(folder, history, goal);
  if (const auto* revisions = std::get_if<std::vector<std::string>>(&reached)) return *revisions;
  if (goal.anchor == Goal::Anchor::kRevision && goal.offset == 0 && folder.migrations().empty()) {
    return {goal.revision};
  }
  const auto& diagnostic = std::get<Diagnostic>(reached);
  throw Error(ErrorCode::kUsage, diagnostic.message, diagnostic.hint);
}

// Polls the history with one session, and with a new one after it was lost.
class Waiter {
 public:
  Waiter(const CommandContext& context, const MigrationFolder& folder, Goal goal,
         std::optional<Duration> timeout)
      : context_(context),
        folder_(folder),
        goal_(std::move(goal)),
        timeout_(timeout),
        started_(context.clock.Now()) {}

  WaitState Run() {
    for (;;) {
      const WaitState state = LookOnce();
      if (state != WaitState::kWaiting) return state;
      if (timeout_ && Waited() >= *timeout_) return WaitState::kTimeout;
      if (!context_.clock.SleepFor(Pause(), context_.stop.after_current)) {
        return WaitState::kStopped;
      }
    }
  }

  Duration Waited() const { return context_.clock.Now() - started_; }
  std::vector<std::string> missing() const { return missing_; }
  const std::optional<FailedAttempt>& failure() const { return failure_; }
  const std::string& last_problem() const { return last_problem_; }

 private:
  Duration Pause() const { return timeout_ ? std::min(kPoll, *timeout_ - Waited()) : kPoll; }

  WaitState LookOnce() {
    try {
      if (!session_) session_ = TargetSessions(context_.settings)({.purpose = "wait"});
      const Look look = ReadLook(*session_->session, context_.settings.run.names);
      last_problem_.clear();
      return Judge(look.history);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kUnreachable && error.code() != ErrorCode::kConnectionLost) {
        throw;
      }
      session_.reset();
      last_problem_ = error.what();
      return WaitState::kWaiting;
    }
  }

  // The goal means what it meant at the first look: "+1" must not move along with the database.
  WaitState Judge(const History& history) {
    if (!wanted_) wanted_ = Wanted(folder_, history, goal_);
    missing_.clear();
    for (const std::string& revision : *wanted_) {
      if (!history.IsApplied(revision)) missing_.push_back(revision);
    }
    if (missing_.empty()) return WaitState::kReached;
    return HasFailed(history) ? WaitState::kFailed : WaitState::kWaiting;
  }

  bool HasFailed(const History& history) {
    for (const std::string& revision : missing_) {
      const FailedAttempt* failure = history.FailureOf(revision);
      if (failure == nullptr || failure->direction != "up") continue;
      if (failure->outcome != "failed" && failure->outcome != "unknown") continue;
      failure_ = *failure;
      return true;
    }
    return false;
  }

  const CommandContext& context_;
  const MigrationFolder& folder_;
  const Goal goal_;
  const std::optional<Duration> timeout_;
  const SteadyTime started_;
  std::optional<OpenedSession> session_;
  std::optional<std::vector<std::string>> wanted_;
  std::vector<std::string> missing_;
  std::optional<FailedAttempt> failure_;
  std::string last_problem_;
};

std::string MessageOf(WaitState state, const Waiter& waiter) {
  if (state == WaitState::kReached) return "the schema has reached it";
  if (state == WaitState::kStopped) return "stopped on request";
  if (state == WaitState::kFailed) {
    return "revision \"" + waiter.failure()->revision + "\" failed; waiting will not help";
  }
  if (!waiter.last_problem().empty())
    return "not reached in time; the last look failed: " + waiter.last_problem();
  return "not reached in time";
}

ExitCode ExitCodeOf(WaitState state) {
  if (state == WaitState::kReached) return ExitCode::kDone;
  return state == WaitState::kFailed ? ExitCode::kBadMigration : ExitCode::kTemporary;
}

}  // namespace

CommandAnswer RunWait(const CommandContext& context, const CommandRequest& request) {
  const std::string goal_text = request.Get("for", "head");
  const Goal goal = GoalFrom(goal_text);
  const std::optional<Duration> timeout = WaitTimeoutFrom(request.Get("timeout", "10m"));
  const MigrationFolder folder = FolderFor(context.settings, goal);
  if (auto refusal = RefuseFolder(folder)) return *refusal;
  Waiter waiter(context, folder, goal, timeout);
  const WaitState state = waiter.Run();
  const auto& failure = waiter.failure();
  return {json::object{{"target", TargetName(context.settings)},
                       {"goal", goal_text},
                       {"reached", state == WaitState::kReached},
                       {"state", NameOf(state)},
                       {"waiting_for", ToJson(waiter.missing())},
                       {"waited_seconds", ToSeconds(waiter.Waited())},
                       {"timeout_seconds",
                        timeout ? json::value(ToSeconds(*timeout)) : json::value(nullptr)},
                       {"failure", failure ? json::value(ToJson(*failure)) : json::value(nullptr)},
                       {"message", MessageOf(state, waiter)},
                       {"next", state == WaitState::kReached ? json::value(nullptr)
                                                             : json::value("lockstep status")}},
          ExitCodeOf(state)};
}

}  // namespace lockstep
