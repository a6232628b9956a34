#include "core/database_state.h"

#include <algorithm>

#include "core/drift.h"

namespace lockstep {

std::string_view NameOf(DatabaseState state) {
  switch (state) {
    case DatabaseState::kEmpty:
      return "empty";
    case DatabaseState::kAtHead:
      return "at_head";
    case DatabaseState::kPending:
      return "pending";
    case DatabaseState::kAhead:
      return "ahead";
    case DatabaseState::kFailed:
      return "failed";
    case DatabaseState::kDeferred:
      return "deferred";
  }
  return "empty";
}

bool AwaitsResolution(const History& history, std::string_view revision) {
  const FailedAttempt* failure = history.FailureOf(revision);
  if (failure == nullptr || failure->outcome != "unknown") return false;
  return std::ranges::any_of(history.ProgressOf(revision, failure->direction),
                             [](const ProgressRow& row) { return !row.done; });
}

DatabaseState StateOf(const MigrationFolder& folder, const History& history) {
  const std::vector<std::string> pending = PendingRevisions(folder, history);
  const bool awaits = std::ranges::any_of(
      pending, [&](const std::string& revision) { return AwaitsResolution(history, revision); });
  const auto has_ended = [&](std::string_view outcome) {
    return std::ranges::any_of(pending, [&](const std::string& revision) {
      const FailedAttempt* failure = history.FailureOf(revision);
      return failure != nullptr && failure->outcome == outcome;
    });
  };
  if (awaits || has_ended("failed")) return DatabaseState::kFailed;
  if (has_ended("deferred")) return DatabaseState::kDeferred;
  if (history.Heads().empty()) return DatabaseState::kEmpty;
  if (!pending.empty()) return DatabaseState::kPending;
  return AheadOf(folder, history).empty() ? DatabaseState::kAtHead : DatabaseState::kAhead;
}

std::vector<std::string> PendingRevisions(const MigrationFolder& folder, const History& history) {
  std::vector<std::string> pending;
  for (const Migration& migration : folder.migrations()) {
    if (!history.IsApplied(migration.revision)) pending.push_back(migration.revision);
  }
  return pending;
}

}  // namespace lockstep
