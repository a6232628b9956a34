#include "core/planner.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/text.h"
#include "core/drift.h"
#include "core/goal_resolution.h"
#include "core/migration_file.h"
#include "core/moving_heads.h"
#include "core/quoted.h"
#include "core/revision_graph.h"

namespace lockstep {
namespace {

using Revisions = std::vector<std::string>;
using RevisionSet = std::set<std::string, std::less<>>;
using Anchor = Goal::Anchor;

// "interrupted after statement 2; continues there"; empty when nothing was begun.
std::string InterruptedAt(const History& history, const std::string& revision,
                          Direction direction) {
  const std::vector<ProgressRow> rows = history.ProgressOf(revision, NameOf(direction));
  if (rows.empty()) return {};
  int done = 0;
  for (const ProgressRow& row : rows) {
    if (row.done) done = std::max(done, row.ordinal);
  }
  if (done == 0) return "interrupted in statement 1; continues there";
  return "interrupted after statement " + std::to_string(done) + "; continues there";
}

// ---- Up --------------------------------------------------------------------------------------

// The goals that only a downgrade reaches.
std::optional<Diagnostic> WrongWayUp(const Goal& goal, const History& history) {
  const bool is_base = goal.anchor == Anchor::kBase && goal.offset == 0;
  if (!LeadsBack(goal) && (!is_base || history.Heads().empty())) return std::nullopt;
  return Diagnostic{
      .code = "wrong-direction",
      .message = "the goal " + Quoted(ToText(goal)) + " leads back, and an upgrade only forward",
      .hint = "to roll back: `lockstep downgrade " + ToText(goal) + "`"};
}

std::string RevisesInWords(const Migration& migration, const History& history) {
  if (migration.parents.empty()) return "revises base";
  Revisions parts;
  for (const std::string& parent : migration.parents) {
    parts.push_back(parent + (history.IsApplied(parent) ? ", which is applied"
                                                        : ", which is applied before it"));
  }
  return "revises " + Join(parts, ", and ");
}

std::string UpgradeReason(const Migration& migration, const History& history,
                          const std::string& needed_by) {
  std::string interrupted = InterruptedAt(history, migration.revision, Direction::kUp);
  if (!interrupted.empty()) return interrupted;
  const std::string why = needed_by.empty() ? "pending" : "needed by " + needed_by;
  return why + "; " + RevisesInWords(migration, history);
}

Step UpgradeStep(const Migration& migration) {
  Step step;
  step.revision = migration.revision;
  step.direction = Direction::kUp;
  step.parents = migration.parents;
  step.description = migration.description;
  step.irreversible = migration.irreversible.value_or("");
  step.script = migration.up;
  step.up_checksum = migration.up.checksum;
  if (migration.down) {
    step.down_checksum = migration.down->checksum;
    step.down_text = migration.down->text;
  }
  return step;
}

// Whether the goal is a revision that only the database has: nothing was mistyped then.
bool IsAhead(const Goal& goal, const MigrationFolder& folder, const History& history) {
  return goal.anchor == Anchor::kRevision && history.IsApplied(goal.revision) &&
         folder.Find(goal.revision) == nullptr;
}

bool NamesOneRevision(const Goal& goal) {
  return goal.anchor != Anchor::kHead && goal.anchor != Anchor::kHeads;
}

// `named`: the revisions that the goal names.
std::vector<Step> UpgradeSteps(const MigrationFolder& folder, const History& history,
                               const Goal& goal, const Revisions& named) {
  const RevisionSet wanted = folder.graph().AncestorsOf(named);
  MovingHeads heads(history);
  std::vector<Step> steps;
  for (const Migration& migration : folder.migrations()) {
    if (!wanted.contains(migration.revision) || history.IsApplied(migration.revision)) continue;
    const bool is_needed = NamesOneRevision(goal) && named.front() != migration.revision;
    heads.Apply(migration.revision, migration.parents);
    Step step = UpgradeStep(migration);
    step.reason = UpgradeReason(migration, history, is_needed ? named.front() : std::string());
    step.heads_after = heads.Names();
    steps.push_back(std::move(step));
  }
  return steps;
}

// ---- Down ------------------------------------------------------------------------------------

// Folder and history in one graph. What is applied keeps the parents under which it was applied; a
// parent that neither side has is left out.
RevisionGraph JoinedGraph(const MigrationFolder& folder, const History& history,
                          Diagnostics& diagnostics) {
  std::vector<RevisionNode> nodes;
  for (const Migration& migration : folder.migrations()) {
    const HistoryEntry* entry = history.Find(migration.revision);
    const bool is_applied = entry != nullptr && entry->present;
    nodes.push_back({migration.revision, is_applied ? entry->parents : migration.parents,
                     migration.up.file, 0});
  }
  for (const std::string& revision : AheadOf(folder, history)) {
    nodes.push_back({revision, history.Find(revision)->parents, {}, 0});
  }
  for (RevisionNode& node : nodes) {
    std::erase_if(node.parents, [&](const std::string& parent) {
      return folder.Find(parent) == nullptr && !history.IsApplied(parent);
    });
  }
  return RevisionGraph::Make(nodes, diagnostics);
}

Diagnostic LeadsForward(const Goal& goal) {
  return {
      .code = "wrong-direction",
      .message = "the goal " + Quoted(ToText(goal)) + " leads forward, and a downgrade only back",
      .hint = "to apply: `lockstep upgrade " + ToText(goal) + "`"};
}

Diagnostic NotApplied(const Goal& goal, const std::string& revision) {
  return {
      .code = "wrong-direction",
      .message = "revision " + Quoted(revision) + " is not applied, so no downgrade leads to it",
      .hint = "to apply it: `lockstep upgrade " + ToText(goal) + "`"};
}

// The applied revisions that come after `named`; all of them when it names the base.
Revisions AppliedAfter(const Revisions& named, const RevisionGraph& joined,
                       const History& history) {
  const RevisionSet applied = history.Applied();
  if (named.empty()) return {applied.begin(), applied.end()};
  Revisions result;
  for (const std::string& revision : joined.DescendantsOf(named)) {
    const bool is_named = std::ranges::find(named, revision) != named.end();
    if (!is_named && applied.contains(revision)) result.push_back(revision);
  }
  return result;
}

// The revisions that a downgrade to `goal` takes away, in no particular order.
ResolvedGoal ToRollBack(const MigrationFolder& folder, const RevisionGraph& joined,
                        const History& history, const Goal& goal) {
  if (LeadsBack(goal)) return LastApplied(history, goal);
  if (goal.anchor == Anchor::kCurrent && goal.offset > 0) return LeadsForward(goal);
  ResolvedGoal found = ResolveForDowngrade(goal, folder, joined, history);
  const auto* named = std::get_if<Revisions>(&found);
  if (named == nullptr) return found;
  for (const std::string& revision : *named) {
    if (!history.IsApplied(revision)) return NotApplied(goal, revision);
  }
  return AppliedAfter(*named, joined, history);
}

struct DownScript {
  Script script;
  bool is_stored = false;
};

Diagnostic Irreversible(const std::string& revision, const std::string& reason) {
  return {.code = "irreversible",
          .message = "revision " + Quoted(revision) + " cannot be rolled back: " + Quoted(reason),
          .hint = "go forward with a new migration, or restore a backup from before it"};
}

Diagnostic NoDownScript(const std::string& revision) {
  return {.code = "no-down-script",
          .message = "revision " + Quoted(revision) +
                     " has no down script, neither in the folder nor stored in the database",
          .hint =
              "roll it back from the folder that has its files: `lockstep --dir FOLDER "
              "downgrade ...`"};
}

// What rolls `entry` back. A file that is not the one under which the revision was applied is never
// taken silently: it may undo something else.
std::variant<DownScript, Diagnostic> DownScriptOf(const Migration* migration,
                                                  const HistoryEntry& entry,
                                                  const StoredDown& stored_down) {
  if (migration != nullptr && migration->irreversible) {
    return Irreversible(entry.revision, *migration->irreversible);
  }
  if (migration == nullptr && !entry.irreversible.empty()) {
    return Irreversible(entry.revision, entry.irreversible);
  }
  if (migration != nullptr && migration->down) {
    const Script& file = *migration->down;
    if (file.checksum == entry.down_checksum) return DownScript{file, false};
    return ChangedFile(file, entry.revision, entry.down_checksum);
  }
  if (!entry.has_down) return NoDownScript(entry.revision);
  const std::string name = "stored down script of " + entry.revision;
  return DownScript{ParseStoredScript(name, stored_down(entry.revision)), true};
}

Step DowngradeStep(const HistoryEntry& entry, DownScript down) {
  Step step;
  step.revision = entry.revision;
  step.direction = Direction::kDown;
  step.parents = entry.parents;
  step.description = entry.description;
  step.script = std::move(down.script);
  step.stored_script = down.is_stored;
  step.up_checksum = entry.up_checksum;
  step.down_checksum = entry.down_checksum;
  return step;
}

std::string DowngradeReason(const HistoryEntry& entry, const History& history, const Goal& goal,
                            bool is_stored) {
  std::string reason = InterruptedAt(history, entry.revision, Direction::kDown);
  if (reason.empty() && LeadsBack(goal)) {
    reason = goal.offset == -1
                 ? "the last that was applied"
                 : "one of the last " + std::to_string(-goal.offset) + " that were applied";
  } else if (reason.empty()) {
    reason = "applied; comes after " + ToText(goal);
  }
  return reason + (is_stored ? "; its file is not in the folder, the stored down script runs" : "");
}

// One step, or what forbids it, is added to either list.
void AddDowngradeStep(const MigrationFolder& folder, const History& history, const Goal& goal,
                      const HistoryEntry& entry, const StoredDown& stored_down, Plan& plan,
                      Diagnostics& problems) {
  auto found = DownScriptOf(folder.Find(entry.revision), entry, stored_down);
  if (auto* problem = std::get_if<Diagnostic>(&found)) {
    problems.push_back(std::move(*problem));
    return;
  }
  auto& down = std::get<DownScript>(found);
  const bool is_stored = down.is_stored;
  plan.steps.push_back(DowngradeStep(entry, std::move(down)));
  plan.steps.back().reason = DowngradeReason(entry, history, goal, is_stored);
}

// What was half done builds upon what would go, and would not be done again from its beginning.
Diagnostic HalfApplied(const std::string& revision, bool is_known) {
  return {.code = "half-applied",
          .message = "the upgrade to revision " + Quoted(revision) +
                     " was interrupted: some of its statements took effect, and build upon what "
                     "would be rolled back",
          .hint = (is_known ? "finish it: `lockstep upgrade " + revision + "`"
                            : std::string("finish it from the folder that has its files")) +
                  "; then both can be rolled back"};
}

void RefuseHalfApplied(const MigrationFolder& folder, const RevisionGraph& joined,
                       const History& history, const Revisions& leaving, Diagnostics& problems) {
  if (leaving.empty()) return;
  const RevisionSet after = joined.DescendantsOf(leaving);
  for (const std::string& revision : history.HalfApplied()) {
    const bool is_known = folder.Find(revision) != nullptr;
    if (!is_known || after.contains(revision)) problems.push_back(HalfApplied(revision, is_known));
  }
}

void FillHeadsAfter(const History& history, std::vector<Step>& steps) {
  MovingHeads heads(history);
  for (Step& step : steps) {
    heads.RollBack(step.revision, step.parents);
    step.heads_after = heads.Names();
  }
}

}  // namespace

PlanResult MakeUpgradePlan(const MigrationFolder& folder, const History& history,
                           const Goal& goal) {
  if (auto wrong = WrongWayUp(goal, history)) return Diagnostics{*wrong};
  const ResolvedGoal named = ResolveForUpgrade(goal, folder, history);
  if (const auto* problem = std::get_if<Diagnostic>(&named)) {
    return Diagnostics{IsAhead(goal, folder, history) ? AheadOfFolder(*history.Find(goal.revision))
                                                      : *problem};
  }

  Plan plan;
  plan.direction = Direction::kUp;
  plan.ahead = AheadOf(folder, history);
  plan.steps = UpgradeSteps(folder, history, goal, std::get<Revisions>(named));
  plan.warnings = DriftOf(folder, history);
  if (plan.empty()) {
    for (Diagnostic& warning : plan.warnings) warning.severity = Severity::kWarning;
    return plan;
  }
  for (const std::string& revision : plan.ahead) {
    plan.warnings.push_back(AheadOfFolder(*history.Find(revision)));
  }
  if (HasErrors(plan.warnings)) return plan.warnings;
  return plan;
}

PlanResult MakeDowngradePlan(const MigrationFolder& folder, const History& history,
                             const Goal& goal, const StoredDown& stored_down) {
  Diagnostics problems;
  const RevisionGraph joined = JoinedGraph(folder, history, problems);
  if (HasErrors(problems)) return problems;
  const ResolvedGoal found = ToRollBack(folder, joined, history, goal);
  if (const auto* problem = std::get_if<Diagnostic>(&found)) return Diagnostics{*problem};

  const auto& revisions = std::get<Revisions>(found);
  const RevisionSet leaving(revisions.begin(), revisions.end());
  Plan plan;
  plan.direction = Direction::kDown;
  plan.ahead = AheadOf(folder, history);
  for (auto it = joined.order().rbegin(); it != joined.order().rend(); ++it) {
    if (!leaving.contains(*it)) continue;
    AddDowngradeStep(folder, history, goal, *history.Find(*it), stored_down, plan, problems);
  }
  RefuseHalfApplied(folder, joined, history, revisions, problems);
  if (HasErrors(problems)) return problems;
  FillHeadsAfter(history, plan.steps);
  return plan;
}

}  // namespace lockstep
