#include "core/planner.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/text.h"
#include "core/migration_file.h"

namespace lockstep {
namespace {

using Revisions = std::vector<std::string>;
using RevisionSet = std::set<std::string, std::less<>>;
using Anchor = Goal::Anchor;

std::string Quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

std::string QuotedList(const Revisions& revisions) {
  Revisions quoted;
  for (const std::string& revision : revisions) quoted.push_back(Quoted(revision));
  return Join(quoted, ", ");
}

std::string Count(std::size_t number, const std::string& noun) {
  return std::to_string(number) + " " + noun + (number == 1 ? "" : "s");
}

Diagnostic Problem(std::string code, std::string message, std::string hint) {
  Diagnostic diagnostic;
  diagnostic.code = std::move(code);
  diagnostic.message = std::move(message);
  diagnostic.hint = std::move(hint);
  return diagnostic;
}

// ---- What the database has -------------------------------------------------------------------

// Applied revisions that the folder does not have.
Revisions AheadOf(const MigrationFolder& folder, const History& history) {
  Revisions ahead;
  for (const HistoryEntry& entry : history.entries()) {
    if (entry.present && folder.Find(entry.revision) == nullptr) ahead.push_back(entry.revision);
  }
  return ahead;
}

// The database's heads while a plan moves them: each step costs the step's parents, not the
// history.
class MovingHeads {
 public:
  explicit MovingHeads(const History& history) {
    for (const HistoryEntry& entry : history.entries()) {
      if (!entry.present) continue;
      place_.try_emplace(entry.revision, place_.size());
      for (const std::string& parent : entry.parents) ++applied_children_[parent];
    }
    for (const auto& [revision, place] : place_) AddWhenHead(revision);
  }

  void Apply(const std::string& revision, const Revisions& parents) {
    place_.try_emplace(revision, place_.size());
    for (const std::string& parent : parents) {
      ++applied_children_[parent];
      Remove(parent);
    }
    AddWhenHead(revision);
  }

  void RollBack(const std::string& revision, const Revisions& parents) {
    Remove(revision);
    for (const std::string& parent : parents) {
      --applied_children_[parent];
      AddWhenHead(parent);
    }
  }

  // In the order in which they were applied.
  Revisions Names() const {
    Revisions names;
    for (const auto& [place, revision] : heads_) names.push_back(revision);
    return names;
  }

 private:
  void AddWhenHead(const std::string& revision) {
    const auto place = place_.find(revision);
    if (place == place_.end() || applied_children_[revision] > 0) return;
    heads_.emplace(place->second, revision);
  }

  void Remove(const std::string& revision) {
    const auto place = place_.find(revision);
    if (place != place_.end()) heads_.erase(place->second);
  }

  std::map<std::string, std::size_t, std::less<>> place_;
  std::map<std::string, int, std::less<>> applied_children_;
  std::map<std::size_t, std::string> heads_;
};

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

// ---- What a goal means -----------------------------------------------------------------------

// The revisions that a goal names; none of them: base.
using Targets = std::variant<Revisions, Diagnostic>;

Diagnostic UnknownRevision(const Goal& goal, const RevisionGraph& graph) {
  Revisions candidates = graph.order();
  candidates.insert(candidates.end(), {"head", "heads", "base", "current"});
  const std::optional<std::string> nearest = Nearest(goal.revision, candidates);
  return Problem("unknown-revision", "Can't locate revision identified by '" + goal.revision + "'",
                 (nearest ? "did you mean " + Quoted(*nearest) + "? " : std::string()) +
                     "`lockstep history` lists the revisions of this folder; is it the right "
                     "folder, and is it up to date?");
}

// The way out of an applied revision that stands in the way because the folder lacks it.
Diagnostic AheadOfFolder(const HistoryEntry& entry) {
  std::string hint =
      "it is applied in this database, and this folder has no file of it: a newer release migrated "
      "the database, or the file was removed; use the folder of that release";
  if (!entry.parents.empty()) {
    hint += ", or roll it back by its stored down script: `lockstep downgrade " +
            entry.parents.front() + "`";
  }
  return Problem("unknown-revision", "Can't locate revision identified by '" + entry.revision + "'",
                 std::move(hint));
}

Diagnostic AmbiguousPrefix(const Goal& goal, const Revisions& candidates) {
  return Problem(
      "ambiguous-revision",
      Quoted(goal.revision) + " is the beginning of several revisions: " + QuotedList(candidates),
      "type more of the one that is meant");
}

Diagnostic AmbiguousWalk(const Goal& goal, const std::string& place, const Revisions& ways) {
  return Problem("ambiguous-revision",
                 "the goal " + Quoted(ToText(goal)) + " is ambiguous: " + place +
                     " the line divides into " + QuotedList(ways),
                 "name the revision to reach instead of a number of steps");
}

Diagnostic OutOfRange(const Goal& goal, std::size_t possible) {
  const std::string steps = (goal.offset > 0 ? "+" : "") + std::to_string(goal.offset);
  return Problem("out-of-range",
                 "Relative revision " + steps + " didn't produce " +
                     Count(static_cast<std::size_t>(std::abs(goal.offset)), "migration") + ": " +
                     Quoted(ToText(goal)) + " leads past the " +
                     (goal.offset > 0 ? "last" : "first") + " revision",
                 "there " + std::string(possible == 1 ? "is " : "are ") + Count(possible, "step") +
                     " in that direction; `lockstep history` shows the line");
}

Diagnostic SeveralHeads(const Revisions& heads) {
  return Problem("several-heads",
                 "Multiple head revisions are present: " + QuotedList(heads) +
                     "; \"head\" cannot mean all of them",
                 "use \"heads\" for all of them, name one, or join them by a migration with "
                 "`-- revises: " +
                     Join(heads, ", ") + "`");
}

// The revision `steps` children up or parents down from `from`, where an empty name is the base.
// `taken` counts steps that were already made towards `goal`.
Targets Walk(const RevisionGraph& graph, std::string from, int steps, const Goal& goal,
             std::size_t taken = 0) {
  for (int left = std::abs(steps); left > 0; --left, ++taken) {
    if (steps < 0 && from.empty()) return OutOfRange(goal, taken);
    Revisions next =
        steps < 0 ? graph.ParentsOf(from) : (from.empty() ? graph.Bases() : graph.ChildrenOf(from));
    if (next.size() > 1) {
      const std::string place = from.empty() ? "at the base" : "at " + Quoted(from);
      return AmbiguousWalk(goal, place, next);
    }
    if (next.empty() && steps > 0) return OutOfRange(goal, taken);
    if (next.empty() && graph.Bases().size() > 1) {
      return AmbiguousWalk(goal, "before " + Quoted(from), graph.Bases());
    }
    from = next.empty() ? std::string() : std::move(next.front());
  }
  return from.empty() ? Revisions{} : Revisions{std::move(from)};
}

// Revisions that could come next: without an applied one the bases, else what revises a head.
Revisions NextOf(const RevisionGraph& graph, const History& history) {
  const Revisions heads = history.Heads();
  if (heads.empty()) return graph.Bases();
  const RevisionSet applied = history.Applied();
  RevisionSet next;
  for (const std::string& head : heads) {
    for (const std::string& child : graph.ChildrenOf(head)) {
      if (!applied.contains(child)) next.insert(child);
    }
  }
  return {next.begin(), next.end()};
}

Targets WalkFromCurrent(const RevisionGraph& graph, const History& history, const Goal& goal) {
  for (const std::string& head : history.Heads()) {
    if (!graph.Contains(head)) return AheadOfFolder(*history.Find(head));
  }
  Revisions next = NextOf(graph, history);
  if (next.empty()) return OutOfRange(goal, 0);
  if (next.size() > 1) return AmbiguousWalk(goal, "where the database stands", next);
  return Walk(graph, std::move(next.front()), goal.offset - 1, goal, 1);
}

// The applied revisions that "-N" rolls back, newest first.
Targets LastApplied(const History& history, const Goal& goal) {
  MovingHeads heads(history);
  Revisions last;
  for (int left = -goal.offset; left > 0; --left) {
    const Revisions now = heads.Names();
    if (now.empty()) return OutOfRange(goal, last.size());
    if (now.size() > 1) {
      const std::string place =
          last.empty() ? "where the database stands" : "below " + Quoted(last.back());
      return AmbiguousWalk(goal, place, now);
    }
    heads.RollBack(now.front(), history.Find(now.front())->parents);
    last.push_back(now.front());
  }
  return last;
}

// The revision that the goal starts from. Among those that begin alike the applied ones go first
// when `prefer` is given: a rollback can only lead to one of them.
Targets FindRevision(const RevisionGraph& graph, const Goal& goal, const History* prefer) {
  Revisions matching = graph.Matching(goal.revision);
  if (prefer != nullptr) {
    Revisions applied = matching;
    std::erase_if(applied, [&](const std::string& name) { return !prefer->IsApplied(name); });
    if (!applied.empty()) matching = std::move(applied);
  }
  if (matching.empty()) return UnknownRevision(goal, graph);
  if (matching.size() > 1) return AmbiguousPrefix(goal, matching);
  return matching;
}

Targets WalkFromRevision(const RevisionGraph& graph, const Goal& goal, const History* prefer) {
  Targets found = FindRevision(graph, goal, prefer);
  const auto* revisions = std::get_if<Revisions>(&found);
  if (revisions == nullptr) return found;
  return Walk(graph, revisions->front(), goal.offset, goal);
}

Targets WalkFromHead(const RevisionGraph& graph, const Revisions& heads, const Goal& goal) {
  if (heads.size() > 1) return SeveralHeads(heads);
  return Walk(graph, heads.empty() ? std::string() : heads.front(), goal.offset, goal);
}

// REQUIRES: goal is not "-N" from where the database stands.
Targets TargetsOf(const Goal& goal, const MigrationFolder& folder, const RevisionGraph& graph,
                  const History& history, const History* prefer) {
  switch (goal.anchor) {
    case Anchor::kHead:
      return WalkFromHead(graph, folder.graph().Heads(), goal);
    case Anchor::kHeads:
      return folder.graph().Heads();
    case Anchor::kBase:
      return Walk(graph, {}, goal.offset, goal);
    case Anchor::kCurrent:
      if (goal.offset == 0) return history.Heads();
      return WalkFromCurrent(graph, history, goal);
    case Anchor::kRevision:
      break;
  }
  return WalkFromRevision(graph, goal, prefer);
}

bool LeadsBack(const Goal& goal) { return goal.anchor == Anchor::kCurrent && goal.offset < 0; }

// ---- What differs between folder and history -------------------------------------------------

std::string Short(const std::string& checksum) {
  return checksum.empty() ? "none" : Quoted(checksum.substr(0, 12));
}

std::string NamesOrBase(const Revisions& parents) {
  return parents.empty() ? "\"base\"" : QuotedList(parents);
}

Diagnostic ChangedFile(const std::string& file, const std::string& revision,
                       const std::string& stored, const std::string& now) {
  Diagnostic changed = Problem(
      "changed-file",
      "this was changed after revision " + Quoted(revision) +
          " had been applied: its checksum is " + Short(now) + ", recorded is " + Short(stored),
      "put the file back as it was, or accept it as it is: `lockstep repair " + revision + "`");
  changed.file = file;
  return changed;
}

bool SameParents(const Revisions& a, const Revisions& b) {
  return RevisionSet(a.begin(), a.end()) == RevisionSet(b.begin(), b.end());
}

// What to do about parents that are other ones now.
std::string RemedyForParents(const MigrationFolder& folder, const Migration& migration,
                             const HistoryEntry& entry, const History& history) {
  const auto gone = std::ranges::find_if(
      entry.parents, [&](const std::string& parent) { return folder.Find(parent) == nullptr; });
  if (gone != entry.parents.end()) {
    return "the file of " + Quoted(*gone) + " is not in this folder: put it back, or, if it is " +
           "gone for good, accept that: `lockstep repair " + migration.revision + "`";
  }
  const auto late = std::ranges::find_if(
      migration.parents, [&](const std::string& parent) { return !history.IsApplied(parent); });
  if (late == migration.parents.end()) {
    return "put `revises` back as it was, or accept it as it is: `lockstep repair " +
           migration.revision + "`";
  }
  return "the file of " + Quoted(*late) + " came late and sorts before applied ones: rename it " +
         "so that it sorts last, or give it a `revises` line and " + Quoted(migration.revision) +
         " the line `-- revises: " + (entry.parents.empty() ? "none" : Join(entry.parents, ", ")) +
         "`";
}

Diagnostic ChangedParents(const MigrationFolder& folder, const Migration& migration,
                          const HistoryEntry& entry, const History& history) {
  Diagnostic changed = Problem("changed-parents",
                               "revision " + Quoted(migration.revision) + " now revises " +
                                   NamesOrBase(migration.parents) + ", but was applied after " +
                                   NamesOrBase(entry.parents),
                               RemedyForParents(folder, migration, entry, history));
  changed.file = migration.up.file;
  return changed;
}

Diagnostic AsWarning(Diagnostic diagnostic) {
  diagnostic.severity = Severity::kWarning;
  return diagnostic;
}

void CompareApplied(const MigrationFolder& folder, const Migration& migration,
                    const HistoryEntry& entry, const History& history, Diagnostics& drift) {
  if (entry.up_checksum != migration.up.checksum) {
    drift.push_back(
        ChangedFile(migration.up.file, entry.revision, entry.up_checksum, migration.up.checksum));
  }
  if (migration.down && migration.down->checksum != entry.down_checksum) {
    drift.push_back(AsWarning(ChangedFile(migration.down->file, entry.revision, entry.down_checksum,
                                          migration.down->checksum)));
  }
  if (!SameParents(entry.parents, migration.parents)) {
    drift.push_back(ChangedParents(folder, migration, entry, history));
  }
}

// Everything that is applied and looks different now. A changed down script is a warning: it is
// looked at again when it is to run.
Diagnostics DriftOf(const MigrationFolder& folder, const History& history) {
  Diagnostics drift;
  for (const Migration& migration : folder.migrations()) {
    const HistoryEntry* entry = history.Find(migration.revision);
    if (entry != nullptr && entry->present) {
      CompareApplied(folder, migration, *entry, history, drift);
    }
  }
  return drift;
}

// ---- Steps -----------------------------------------------------------------------------------

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

bool NamesOneRevision(const Goal& goal) {
  return goal.anchor != Anchor::kHead && goal.anchor != Anchor::kHeads;
}

std::vector<Step> UpgradeSteps(const MigrationFolder& folder, const History& history,
                               const Goal& goal, const Revisions& targets) {
  const RevisionSet wanted = folder.graph().AncestorsOf(targets);
  MovingHeads heads(history);
  std::vector<Step> steps;
  for (const Migration& migration : folder.migrations()) {
    if (!wanted.contains(migration.revision) || history.IsApplied(migration.revision)) continue;
    const bool is_target = targets.front() == migration.revision;
    const std::string needed_by =
        NamesOneRevision(goal) && !is_target ? targets.front() : std::string();
    heads.Apply(migration.revision, migration.parents);
    Step step = UpgradeStep(migration);
    step.reason = UpgradeReason(migration, history, needed_by);
    step.heads_after = heads.Names();
    steps.push_back(std::move(step));
  }
  return steps;
}

// The goals that only a downgrade reaches.
std::optional<Diagnostic> WrongWayUp(const Goal& goal, const History& history) {
  const bool is_base = goal.anchor == Anchor::kBase && goal.offset == 0;
  if (!LeadsBack(goal) && (!is_base || history.Heads().empty())) return std::nullopt;
  return Problem("wrong-direction",
                 "the goal " + Quoted(ToText(goal)) + " leads back, and an upgrade only forward",
                 "to roll back: `lockstep downgrade " + ToText(goal) + "`");
}

std::optional<Diagnostic> WrongWayDown(const Goal& goal, const Revisions& targets,
                                       const History& history) {
  for (const std::string& target : targets) {
    if (history.IsApplied(target)) continue;
    return Problem("wrong-direction",
                   "revision " + Quoted(target) + " is not applied, so no downgrade leads to it",
                   "to apply it: `lockstep upgrade " + ToText(goal) + "`");
  }
  return std::nullopt;
}

// The revisions that a downgrade to `goal` takes away, in no particular order.
Targets ToRollBack(const MigrationFolder& folder, const RevisionGraph& graph,
                   const History& history, const Goal& goal) {
  if (LeadsBack(goal)) return LastApplied(history, goal);
  if (goal.anchor == Anchor::kCurrent && goal.offset > 0) {
    return Problem("wrong-direction",
                   "the goal " + Quoted(ToText(goal)) + " leads forward, and a downgrade only back",
                   "to apply: `lockstep upgrade " + ToText(goal) + "`");
  }
  Targets found = TargetsOf(goal, folder, graph, history, &history);
  const auto* targets = std::get_if<Revisions>(&found);
  if (targets == nullptr) return found;
  if (auto wrong = WrongWayDown(goal, *targets, history)) return std::move(*wrong);

  const RevisionSet applied = history.Applied();
  if (targets->empty()) return Revisions(applied.begin(), applied.end());
  Revisions result;
  for (const std::string& revision : graph.DescendantsOf(*targets)) {
    const bool is_target = std::ranges::find(*targets, revision) != targets->end();
    if (!is_target && applied.contains(revision)) result.push_back(revision);
  }
  return result;
}

struct DownScript {
  Script script;
  bool is_stored = false;
};

Diagnostic Irreversible(const std::string& revision, const std::string& reason) {
  return Problem("irreversible",
                 "revision " + Quoted(revision) + " cannot be rolled back: " + Quoted(reason),
                 "go forward with a new migration, or restore a backup from before it");
}

Diagnostic NoDownScript(const std::string& revision) {
  return Problem("no-down-script",
                 "revision " + Quoted(revision) +
                     " has no down script, neither in the folder nor stored in the database",
                 "roll it back from the folder that has its files: `lockstep --dir FOLDER "
                 "downgrade ...`");
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
    return ChangedFile(file.file, entry.revision, entry.down_checksum, file.checksum);
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
  const Targets targets = TargetsOf(goal, folder, folder.graph(), history, nullptr);
  if (const auto* problem = std::get_if<Diagnostic>(&targets)) {
    const bool is_ahead = goal.anchor == Anchor::kRevision && history.IsApplied(goal.revision) &&
                          folder.Find(goal.revision) == nullptr;
    return Diagnostics{is_ahead ? AheadOfFolder(*history.Find(goal.revision)) : *problem};
  }

  Plan plan;
  plan.direction = Direction::kUp;
  plan.ahead = AheadOf(folder, history);
  plan.steps = UpgradeSteps(folder, history, goal, std::get<Revisions>(targets));
  plan.warnings = DriftOf(folder, history);
  if (plan.empty()) {
    std::ranges::transform(plan.warnings, plan.warnings.begin(), AsWarning);
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
  const RevisionGraph graph = JoinedGraph(folder, history, problems);
  if (HasErrors(problems)) return problems;
  const Targets found = ToRollBack(folder, graph, history, goal);
  if (const auto* problem = std::get_if<Diagnostic>(&found)) return Diagnostics{*problem};

  const auto& revisions = std::get<Revisions>(found);
  const RevisionSet leaving(revisions.begin(), revisions.end());
  Plan plan;
  plan.direction = Direction::kDown;
  plan.ahead = AheadOf(folder, history);
  for (auto it = graph.order().rbegin(); it != graph.order().rend(); ++it) {
    if (!leaving.contains(*it)) continue;
    AddDowngradeStep(folder, history, goal, *history.Find(*it), stored_down, plan, problems);
  }
  if (HasErrors(problems)) return problems;
  FillHeadsAfter(history, plan.steps);
  return plan;
}

std::variant<std::vector<std::string>, Diagnostic> RevisionsAt(const MigrationFolder& folder,
                                                               const History& history,
                                                               const Goal& goal) {
  RevisionSet wanted;
  if (goal.anchor == Anchor::kCurrent && goal.offset <= 0) {
    Targets last = LastApplied(history, goal);
    if (auto* problem = std::get_if<Diagnostic>(&last)) return std::move(*problem);
    wanted = history.Applied();
    for (const std::string& revision : std::get<Revisions>(last)) wanted.erase(revision);
  } else {
    Targets targets = TargetsOf(goal, folder, folder.graph(), history, nullptr);
    if (auto* problem = std::get_if<Diagnostic>(&targets)) return std::move(*problem);
    wanted = folder.graph().AncestorsOf(std::get<Revisions>(targets));
  }
  Revisions revisions = folder.graph().order();
  std::erase_if(revisions, [&](const std::string& name) { return !wanted.contains(name); });
  return revisions;
}

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
  const Revisions pending = PendingRevisions(folder, history);
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
  Revisions pending;
  for (const Migration& migration : folder.migrations()) {
    if (!history.IsApplied(migration.revision)) pending.push_back(migration.revision);
  }
  return pending;
}

}  // namespace lockstep
