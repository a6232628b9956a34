#include "commands/commands.h"
#include "commands/documents.h"
#include "commands/standing.h"
#include "commands/target_access.h"

namespace lockstep {
namespace {

// Only attempts that no later change of their revision has made past.
json::array FailuresOf(const History& history) {
  json::array list;
  for (const FailedAttempt& failure : history.failures()) {
    if (history.FailureOf(failure.revision) != nullptr) list.push_back(ToJson(failure));
  }
  return list;
}

}  // namespace

CommandAnswer RunCurrent(const CommandContext& context, const CommandRequest& request) {
  const MigrationFolder folder = LoadFolder(context.settings);
  if (auto refusal = RefuseFolder(folder)) return *refusal;
  const SeenTarget seen = LookAtTarget(context.settings, "current");
  Standing standing = StandingOf(folder, seen.look, context.settings.run.names);
  json::object& document = standing.document;
  document["target"] = TargetName(context.settings);
  document["entries"] = MigrationDocuments({folder, &seen.history()}, seen.history().Heads());
  document["failures"] = FailuresOf(seen.history());
  const bool at_head = standing.state == DatabaseState::kAtHead;
  return {std::move(document),
          request.Has("check-heads") && !at_head ? ExitCode::kPending : ExitCode::kDone};
}

}  // namespace lockstep
