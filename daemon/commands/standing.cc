#include "commands/standing.h"

#include <functional>

#include "base/text.h"
#include "commands/documents.h"
#include "engine/adoption.h"
#include "postgres/sql_state.h"

namespace lockstep {
namespace {

std::string PendingText(std::size_t pending) {
  return Count(pending, "migration is", "migrations are") + " pending";
}

// The pending revision whose newest attempt decides about the state.
std::string RevisionThat(const History& history, const std::vector<std::string>& pending,
                         const std::function<bool(const FailedAttempt&)>& decides) {
  for (const std::string& revision : pending) {
    const FailedAttempt* failure = history.FailureOf(revision);
    if (failure != nullptr && decides(*failure)) return revision;
  }
  return "";
}

std::string RevisionToResolve(const History& history, const std::vector<std::string>& pending) {
  return RevisionThat(history, pending, [&](const FailedAttempt& failure) {
    return AwaitsResolution(history, failure.revision);
  });
}

std::string RevisionWith(const History& history, const std::vector<std::string>& pending,
                         std::string_view outcome) {
  return RevisionThat(history, pending, [outcome](const FailedAttempt& failure) {
    return failure.outcome == outcome;
  });
}

std::string FailedMessage(const History& history, const std::vector<std::string>& pending) {
  const std::string doubtful = RevisionToResolve(history, pending);
  if (!doubtful.empty()) {
    return "a statement of revision \"" + doubtful +
           "\" was interrupted; look whether it took effect, and say so: --applied or "
           "--not-applied";
  }
  return "revision \"" + RevisionWith(history, pending, "failed") +
         "\" failed; put right what the error says, then upgrade again";
}

std::string DeferredMessage(const History& history, const std::string& revision) {
  const bool disk_full = history.FailureOf(revision)->sqlstate == sql_state::kDiskFull;
  return "revision \"" + revision + "\" was deferred: " +
         (disk_full ? "the server's disk was full" : "its table lock was not free in time");
}

std::string MessageFor(DatabaseState state, const History& history,
                       const std::vector<std::string>& pending,
                       const std::vector<std::string>& ahead) {
  switch (state) {
    case DatabaseState::kEmpty:
      return "nothing is applied yet; " + PendingText(pending.size());
    case DatabaseState::kAtHead:
      return "the database is at head";
    case DatabaseState::kPending:
      return PendingText(pending.size());
    case DatabaseState::kAhead:
      return "the database has " + Count(ahead.size(), "revision", "revisions") +
             " that this folder lacks: " + Join(ahead, ", ");
    case DatabaseState::kFailed:
      return FailedMessage(history, pending);
    case DatabaseState::kDeferred:
      return DeferredMessage(history, RevisionWith(history, pending, "deferred"));
  }
  return "";
}

json::value NextFor(const History& history, const std::vector<std::string>& pending) {
  const std::string doubtful = RevisionToResolve(history, pending);
  if (!doubtful.empty()) return json::value("lockstep resolve " + doubtful);
  return pending.empty() ? nullptr : json::value("lockstep upgrade");
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
                     {"message", TextOrNull(MessageFor(state, history, pending, ahead))},
                     {"next", NextFor(history, pending)},
                     {"diagnostics", ToJson(folder.diagnostics())}}};
  if (const auto unadopted = FindUnadoptedAlembic(look, names)) {
    standing.document["message"] = unadopted->message;
    standing.document["next"] = "lockstep adopt alembic";
  }
  return standing;
}

}  // namespace lockstep
