#include "core/goal_resolution.h"

#include <cstddef>
#include <cstdlib>
#include <functional>
#include <optional>
#include <set>
#include <utility>

#include "base/text.h"
#include "core/drift.h"
#include "core/moving_heads.h"
#include "core/quoted.h"

namespace lockstep {
namespace {

using Revisions = std::vector<std::string>;
using RevisionSet = std::set<std::string, std::less<>>;
using Anchor = Goal::Anchor;

// What a goal is read against.
struct Surroundings {
  const RevisionGraph& graph;   // along which steps are counted
  const RevisionGraph& folder;  // whose heads "head" and "heads" are
  const History& history;
  bool applied_first;  // among revisions that begin alike
};

std::string Count(std::size_t number, const std::string& noun) {
  return std::to_string(number) + " " + noun + (number == 1 ? "" : "s");
}

Diagnostic UnknownRevision(const Goal& goal, const RevisionGraph& graph) {
  Revisions candidates = graph.order();
  candidates.insert(candidates.end(), {"head", "heads", "base", "current"});
  const std::optional<std::string> nearest = Nearest(goal.revision, candidates);
  return {.code = "unknown-revision",
          .message = "Can't locate revision identified by '" + goal.revision + "'",
          .hint = (nearest ? "did you mean " + Quoted(*nearest) + "? " : std::string()) +
                  "`lockstep history` lists the revisions of this folder; is it the right folder, "
                  "and is it up to date?"};
}

Diagnostic AmbiguousPrefix(const Goal& goal, const Revisions& candidates) {
  return {.code = "ambiguous-revision",
          .message = Quoted(goal.revision) +
                     " is the beginning of several revisions: " + QuotedList(candidates),
          .hint = "type more of the one that is meant"};
}

Diagnostic AmbiguousWalk(const Goal& goal, const std::string& place, const Revisions& ways) {
  return {.code = "ambiguous-revision",
          .message = "the goal " + Quoted(ToText(goal)) + " is ambiguous: " + place +
                     " the line divides into " + QuotedList(ways),
          .hint = "name the revision to reach instead of a number of steps"};
}

Diagnostic OutOfRange(const Goal& goal, std::size_t possible) {
  const std::string steps = (goal.offset > 0 ? "+" : "") + std::to_string(goal.offset);
  const auto wanted = static_cast<std::size_t>(std::abs(goal.offset));
  return {.code = "out-of-range",
          .message = "Relative revision " + steps + " didn't produce " +
                     Count(wanted, "migration") + ": " + Quoted(ToText(goal)) + " leads past the " +
                     (goal.offset > 0 ? "last" : "first") + " revision",
          .hint = "there " + std::string(possible == 1 ? "is " : "are ") + Count(possible, "step") +
                  " in that direction; `lockstep history` shows the line"};
}

Diagnostic SeveralHeads(const Revisions& heads) {
  return {.code = "several-heads",
          .message = "Multiple head revisions are present: " + QuotedList(heads) +
                     "; \"head\" cannot mean all of them",
          .hint =
              "use \"heads\" for all of them, name one, or join them by a migration with "
              "`-- revises: " +
              Join(heads, ", ") + "`"};
}

// The revision `steps` children up or parents down from `from`, where an empty name is the base.
// `taken` counts steps that were already made towards `goal`.
ResolvedGoal Walk(const RevisionGraph& graph, std::string from, int steps, const Goal& goal,
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

ResolvedGoal WalkFromCurrent(const Goal& goal, const Surroundings& around) {
  const History& history = around.history;
  for (const std::string& head : history.Heads()) {
    if (!around.graph.Contains(head)) return AheadOfFolder(*history.Find(head));
  }
  Revisions next = NextOf(around.graph, history);
  if (next.empty()) return OutOfRange(goal, 0);
  if (next.size() > 1) return AmbiguousWalk(goal, "where the database stands", next);
  return Walk(around.graph, std::move(next.front()), goal.offset - 1, goal, 1);
}

ResolvedGoal WalkFromHead(const Goal& goal, const Surroundings& around) {
  const Revisions heads = around.folder.Heads();
  if (heads.size() > 1) return SeveralHeads(heads);
  return Walk(around.graph, heads.empty() ? std::string() : heads.front(), goal.offset, goal);
}

// Every revision that the goal's beginning could stand for.
Revisions MatchesOf(const Goal& goal, const Surroundings& around) {
  const Revisions matching = around.graph.Matching(goal.revision);
  if (!around.applied_first) return matching;
  Revisions applied = matching;
  std::erase_if(applied, [&](const std::string& name) { return !around.history.IsApplied(name); });
  return applied.empty() ? matching : applied;
}

ResolvedGoal WalkFromRevision(const Goal& goal, const Surroundings& around) {
  const Revisions matching = MatchesOf(goal, around);
  if (matching.empty()) return UnknownRevision(goal, around.graph);
  if (matching.size() > 1) return AmbiguousPrefix(goal, matching);
  return Walk(around.graph, matching.front(), goal.offset, goal);
}

ResolvedGoal Resolve(const Goal& goal, const Surroundings& around) {
  switch (goal.anchor) {
    case Anchor::kHead:
      return WalkFromHead(goal, around);
    case Anchor::kHeads:
      return around.folder.Heads();
    case Anchor::kBase:
      return Walk(around.graph, {}, goal.offset, goal);
    case Anchor::kCurrent:
      if (goal.offset == 0) return around.history.Heads();
      return WalkFromCurrent(goal, around);
    case Anchor::kRevision:
      break;
  }
  return WalkFromRevision(goal, around);
}

// What stays applied when the last -goal.offset are rolled back.
std::variant<RevisionSet, Diagnostic> AppliedBefore(const History& history, const Goal& goal) {
  ResolvedGoal last = LastApplied(history, goal);
  if (auto* problem = std::get_if<Diagnostic>(&last)) return std::move(*problem);
  RevisionSet applied = history.Applied();
  for (const std::string& revision : std::get<Revisions>(last)) applied.erase(revision);
  return applied;
}

std::variant<RevisionSet, Diagnostic> AncestorsOf(const Goal& goal, const MigrationFolder& folder,
                                                  const History& history) {
  ResolvedGoal named = ResolveForUpgrade(goal, folder, history);
  if (auto* problem = std::get_if<Diagnostic>(&named)) return std::move(*problem);
  return folder.graph().AncestorsOf(std::get<Revisions>(named));
}

}  // namespace

bool LeadsBack(const Goal& goal) { return goal.anchor == Anchor::kCurrent && goal.offset < 0; }

ResolvedGoal ResolveForUpgrade(const Goal& goal, const MigrationFolder& folder,
                               const History& history) {
  return Resolve(goal, {folder.graph(), folder.graph(), history, false});
}

ResolvedGoal ResolveForDowngrade(const Goal& goal, const MigrationFolder& folder,
                                 const RevisionGraph& joined, const History& history) {
  return Resolve(goal, {joined, folder.graph(), history, true});
}

ResolvedGoal LastApplied(const History& history, const Goal& goal) {
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

ResolvedGoal RevisionsAt(const MigrationFolder& folder, const History& history, const Goal& goal) {
  const bool stays = goal.anchor == Anchor::kCurrent && goal.offset <= 0;
  auto found = stays ? AppliedBefore(history, goal) : AncestorsOf(goal, folder, history);
  if (auto* problem = std::get_if<Diagnostic>(&found)) return std::move(*problem);
  const auto& wanted = std::get<RevisionSet>(found);
  Revisions revisions = folder.graph().order();
  std::erase_if(revisions, [&](const std::string& name) { return !wanted.contains(name); });
  return revisions;
}

}  // namespace lockstep
