#include "commands/standing.h"

#include "base/text.h"
#include "commands/documents.h"
#include "engine/adoption.h"

namespace lockstep {
namespace {

std::string PendingText(std::size_t pending) {
  return Count(pending, "migration is", "migrations are") + " pending";
}

std::string FailureText(const History& history, std::string_view outcome) {
  for (const FailedAttempt& failure : history.failures()) {
    if (failure.outcome != outcome || history.FailureOf(failure.revision) == nullptr) continue;
    return "revision \"" + failure.revision + "\" " +
           (outcome == "deferred" ? "was deferred: " : "failed: ") + failure.message;
  }
  return "";
}

std::string MessageFor(DatabaseState state, const History& history, std::size_t pending,
                       const std::vector<std::string>& ahead) {
  switch (state) {
    case DatabaseState::kEmpty:
      return "nothing is applied yet; " + PendingText(pending);
    case DatabaseState::kAtHead:
      return "the database is at head";
    case DatabaseState::kPending:
      return PendingText(pending);
    case DatabaseState::kAhead:
      return "the database has " + Count(ahead.size(), "revision", "revisions") +
             " that this folder lacks: " + Join(ahead, ", ");
    case DatabaseState::kFailed:
      return FailureText(history, "failed");
    case DatabaseState::kDeferred:
      return FailureText(history, "deferred");
  }
  return "";
}

json::value NextFor(DatabaseState state, std::size_t pending) {
  if (state == DatabaseState::kFailed) return "lockstep status";
  return pending > 0 ? json::value("lockstep upgrade") : nullptr;
}

}  // namespace

Standing StandingOf(const MigrationFolder& folder, const Look& look,
                    const BookkeepingNames& names) {
  const History& history = look.history;
  const DatabaseState state = StateOf(folder, history);
  const std::vector<std::string> pending = PendingRevisions(folder, history);
  const std::vector<std::string> ahead = AheadRevisions({folder, &history});
  Standing standing{state,
                    {{"revisions", ToJson(history.Heads())},
                     {"heads", ToJson(folder.graph().Heads())},
                     {"state", NameOf(state)},
                     {"pending", pending.size()},
                     {"pending_revisions", ToJson(pending)},
                     {"ahead", ToJson(ahead)},
                     {"message", TextOrNull(MessageFor(state, history, pending.size(), ahead))},
                     {"next", NextFor(state, pending.size())},
                     {"diagnostics", ToJson(folder.diagnostics())}}};
  if (const auto unadopted = FindUnadoptedAlembic(look, names)) {
    standing.document["message"] = unadopted->message;
    standing.document["next"] = "lockstep adopt alembic";
  }
  return standing;
}

}  // namespace lockstep
