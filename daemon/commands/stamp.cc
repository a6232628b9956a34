#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "commands/commands.h"
#include "commands/documents.h"
#include "commands/goal_argument.h"
#include "commands/migration_document.h"
#include "commands/recorded_change.h"
#include "commands/target_access.h"
#include "core/goal_resolution.h"
#include "engine/adoption.h"

namespace lockstep {
namespace {

using RevisionSet = std::set<std::string, std::less<>>;

// What the stamp will record; parents before children, and the removals before them, newest first.
struct StampPlan {
  std::vector<std::string> stamped, unstamped, heads;
  std::vector<HistoryChange> changes;
};

void Remove(StampPlan& plan, const History& history, const RevisionSet& wanted) {
  for (const HistoryEntry& entry : history.entries()) {
    if (!entry.present || wanted.contains(entry.revision)) continue;
    plan.unstamped.push_back(entry.revision);
    plan.changes.push_back(AbsentChange(entry, "unstamped"));
  }
  std::reverse(plan.unstamped.begin(), plan.unstamped.end());
  std::reverse(plan.changes.begin(), plan.changes.end());
}

void Add(StampPlan& plan, const MigrationFolder& folder, const History& history,
         const RevisionSet& wanted) {
  for (const Migration& migration : folder.migrations()) {
    if (!wanted.contains(migration.revision) || history.IsApplied(migration.revision)) continue;
    plan.stamped.push_back(migration.revision);
    plan.changes.push_back(PresentChange(migration, "stamped"));
  }
}

std::variant<StampPlan, Diagnostics> PlanStamp(const MigrationFolder& folder,
                                               const History& history, const Goal& goal,
                                               bool purge) {
  const std::vector<std::string> ahead = AheadRevisions({folder, &history});
  if (!ahead.empty() && !purge) {
    return Diagnostics{
        {.code = "ahead",
         .message = "the database has revisions that this folder lacks: " + Join(ahead, ", "),
         .hint = "use the folder that has them, or forget them with --purge"}};
  }
  const auto reached = RevisionsAt(folder, purge ? History() : history, goal);
  if (const auto* diagnostic = std::get_if<Diagnostic>(&reached)) return Diagnostics{*diagnostic};
  const auto& revisions = std::get<std::vector<std::string>>(reached);
  const RevisionSet wanted(revisions.begin(), revisions.end());
  StampPlan plan;
  plan.heads = folder.graph().HeadsAmong(wanted);
  Remove(plan, history, wanted);
  Add(plan, folder, history, wanted);
  return plan;
}

json::object StampDocument(const StampPlan& plan) {
  const std::string message = plan.changes.empty()
                                  ? "the history says so already; nothing was recorded"
                                  : Count(plan.stamped.size(), "revision", "revisions") +
                                        " stamped, " + std::to_string(plan.unstamped.size()) +
                                        " taken back; nothing was run";
  return {{"stamped", ToJson(plan.stamped)},
          {"unstamped", ToJson(plan.unstamped)},
          {"heads", ToJson(plan.heads)},
          {"message", message}};
}

CommandAnswer RecordStamp(const CommandContext& context, const MigrationFolder& folder,
                          const Goal& goal, bool purge) {
  CommandAnswer answer;
  WithMigrationLock(context, "stamp", [&](LockedTarget& target) {
    const auto planned = PlanStamp(folder, target.look.history, goal, purge);
    if (const auto* reasons = std::get_if<Diagnostics>(&planned)) {
      answer = Refuse("nothing was recorded", *reasons);
      return;
    }
    const auto& plan = std::get<StampPlan>(planned);
    answer.document = StampDocument(plan);
    if (plan.changes.empty()) return;
    const RunSettings& settings = context.settings.run;
    std::optional<std::vector<std::string>> alembic_heads;
    if (KeepsAlembicInStep(target.session, settings, target.look)) alembic_heads = plan.heads;
    RecordChanges(target.session, settings.names, target.run, plan.changes, alembic_heads);
  });
  return answer;
}

}  // namespace

CommandAnswer RunStamp(const CommandContext& context, const CommandRequest& request) {
  const std::string& goal = request.arguments.front();
  const Goal parsed = GoalFrom(goal);
  const bool purge = request.Has("purge");
  const MigrationFolder folder = LoadFolder(context.settings);
  if (auto refusal = RefuseFolder(folder)) return *refusal;
  const Look look = LookAtTarget(context.settings, "stamp").look;
  if (auto refusal = RefuseUnadopted(context.settings.run, look)) return *refusal;
  CommandAnswer answer = RecordStamp(context, folder, parsed, purge);
  answer.document["target"] = TargetName(context.settings);
  if (answer.exit_code != ExitCode::kDone) return answer;
  answer.document["goal"] = goal;
  answer.document["purged"] = purge;
  return answer;
}

}  // namespace lockstep
