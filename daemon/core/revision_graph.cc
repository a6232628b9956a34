#include "core/revision_graph.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <queue>
#include <unordered_map>
#include <utility>

#include "base/text.h"
#include "core/quoted.h"

namespace lockstep {
namespace {

using Index = std::size_t;
using Revisions = std::vector<std::string>;
using RevisionSet = std::set<std::string, std::less<>>;
using Edges = std::map<std::string, Revisions, std::less<>>;

Diagnostic At(const RevisionNode& node, std::string code, std::string message, std::string hint) {
  Diagnostic diagnostic;
  diagnostic.code = std::move(code);
  diagnostic.file = node.file;
  diagnostic.line = node.line;
  diagnostic.message = std::move(message);
  diagnostic.hint = std::move(hint);
  return diagnostic;
}

// The nodes with their edges as numbers. Only sound edges get in, so that one fault does not show
// as several.
class Builder {
 public:
  Builder(const std::vector<RevisionNode>& nodes, Diagnostics& diagnostics)
      : nodes_(nodes),
        diagnostics_(diagnostics),
        parents_(nodes.size()),
        children_(nodes.size()),
        unplaced_parents_(nodes.size()) {
    for (Index i = 0; i < nodes_.size(); ++i) AddNode(i);
    for (Index i = 0; i < nodes_.size(); ++i) AddParents(i);
  }

  // Kahn's algorithm; among those that are free the lowest position goes first. Members of cycles,
  // and what descends from them, are left out.
  std::vector<Index> Order() {
    std::priority_queue<Index, std::vector<Index>, std::greater<>> free;
    for (Index i = 0; i < nodes_.size(); ++i) {
      unplaced_parents_[i] = parents_[i].size();
      if (parents_[i].empty()) free.push(i);
    }
    std::vector<Index> order;
    order.reserve(nodes_.size());
    while (!free.empty()) {
      const Index placed = free.top();
      free.pop();
      order.push_back(placed);
      for (const Index child : children_[placed]) {
        if (--unplaced_parents_[child] == 0) free.push(child);
      }
    }
    return order;
  }

  // Whatever Order() could not place has an unplaced parent, so a walk from parent to parent ends
  // in a cycle: a new one, or one that an earlier walk has met.
  void ReportCycles() {
    std::vector<Index> walk_of(nodes_.size(), 0);
    for (Index start = 0; start < nodes_.size(); ++start) {
      std::vector<Index> walk;
      Index at = start;
      while (unplaced_parents_[at] > 0 && walk_of[at] == 0) {
        walk_of[at] = start + 1;
        walk.push_back(at);
        at = UnplacedParentOf(at);
      }
      if (walk.empty() || walk_of[at] != start + 1) continue;
      ReportCycle({std::ranges::find(walk, at), walk.end()});
    }
  }

 private:
  void AddNode(Index i) {
    const auto [first, is_new] = index_of_.emplace(nodes_[i].revision, i);
    if (is_new) {
      names_.push_back(nodes_[i].revision);
      return;
    }
    diagnostics_.push_back(At(nodes_[i], "duplicate-revision",
                              "revision " + Quoted(nodes_[i].revision) + " is also declared by " +
                                  Quoted(nodes_[first->second].file),
                              "give one of the two files another `revision`"));
  }

  void AddParents(Index i) {
    const RevisionNode& node = nodes_[i];
    std::set<std::string_view> seen;
    for (const std::string& parent : node.parents) {
      if (!seen.insert(parent).second) {
        diagnostics_.push_back(At(
            node, "duplicate-parent",
            "revision " + Quoted(node.revision) + " names its parent " + Quoted(parent) + " twice",
            "name each parent once in `revises`"));
      } else if (parent == node.revision) {
        // The second file of one revision, where no header names its parent: that is reported.
        if (index_of_.at(node.revision) != i) continue;
        diagnostics_.push_back(At(node, "self-parent",
                                  "revision " + Quoted(node.revision) + " revises itself",
                                  "name the revision before it in `revises`, or \"none\""));
      } else {
        AddEdge(i, parent);
      }
    }
  }

  void AddEdge(Index child, const std::string& parent) {
    const auto found = index_of_.find(parent);
    if (found == index_of_.end()) return ReportMissingParent(nodes_[child], parent);
    parents_[child].push_back(found->second);
    children_[found->second].push_back(child);
  }

  void ReportMissingParent(const RevisionNode& node, const std::string& parent) {
    std::string hint = "add the file of " + Quoted(parent) + ", or correct `revises`";
    if (const auto nearest = Nearest(parent, names_)) {
      hint = "did you mean " + Quoted(*nearest) + "? Otherwise " + hint;
    }
    diagnostics_.push_back(At(node, "missing-parent",
                              "revision " + Quoted(node.revision) + " revises " + Quoted(parent) +
                                  ", and no file of this folder has that revision",
                              std::move(hint)));
  }

  Index UnplacedParentOf(Index i) const {
    return *std::ranges::find_if(parents_[i],
                                 [&](Index parent) { return unplaced_parents_[parent] > 0; });
  }

  // `walk` goes from child to parent; people read from parent to child.
  void ReportCycle(std::vector<Index> walk) {
    std::ranges::reverse(walk);
    std::ranges::rotate(walk, std::ranges::min_element(walk));
    Revisions members;
    for (const Index i : walk) members.push_back(nodes_[i].revision);
    members.push_back(members.front());
    diagnostics_.push_back(
        At(nodes_[walk.front()], "cycle",
           "these revisions revise each other in a circle: " + Join(members, " -> "),
           "correct one of their `revises`, so that one of them comes first"));
  }

  const std::vector<RevisionNode>& nodes_;
  Diagnostics& diagnostics_;
  std::unordered_map<std::string_view, Index> index_of_;
  Revisions names_;
  std::vector<std::vector<Index>> parents_;
  std::vector<std::vector<Index>> children_;
  std::vector<std::size_t> unplaced_parents_;
};

const Revisions& Lookup(const Edges& edges, std::string_view revision) {
  static const Revisions kNone;
  const auto found = edges.find(revision);
  return found == edges.end() ? kNone : found->second;
}

// What can be reached along `edges`, `from` included; names that the graph lacks are left out.
RevisionSet Reachable(const Edges& edges, const Revisions& from) {
  RevisionSet reached;
  Revisions open = from;
  while (!open.empty()) {
    const std::string revision = std::move(open.back());
    open.pop_back();
    if (!edges.contains(revision) || !reached.insert(revision).second) continue;
    const Revisions& next = Lookup(edges, revision);
    open.insert(open.end(), next.begin(), next.end());
  }
  return reached;
}

}  // namespace

RevisionGraph RevisionGraph::Make(const std::vector<RevisionNode>& nodes,
                                  Diagnostics& diagnostics) {
  Diagnostics found;
  Builder builder(nodes, found);
  const std::vector<Index> order = builder.Order();
  if (order.size() < nodes.size()) builder.ReportCycles();

  RevisionGraph graph;
  if (found.empty()) {
    for (const Index i : order) {
      const RevisionNode& node = nodes[i];
      graph.order_.push_back(node.revision);
      graph.parents_[node.revision] = node.parents;
      graph.children_[node.revision];
      for (const std::string& parent : node.parents) {
        graph.children_[parent].push_back(node.revision);
      }
    }
  }
  std::ranges::move(found, std::back_inserter(diagnostics));
  return graph;
}

bool RevisionGraph::Contains(std::string_view revision) const {
  return parents_.contains(revision);
}

const std::vector<std::string>& RevisionGraph::ParentsOf(std::string_view revision) const {
  return Lookup(parents_, revision);
}

const std::vector<std::string>& RevisionGraph::ChildrenOf(std::string_view revision) const {
  return Lookup(children_, revision);
}

std::vector<std::string> RevisionGraph::Heads() const {
  Revisions heads;
  std::ranges::copy_if(order_, std::back_inserter(heads),
                       [&](const std::string& revision) { return ChildrenOf(revision).empty(); });
  return heads;
}

std::vector<std::string> RevisionGraph::Bases() const {
  Revisions bases;
  std::ranges::copy_if(order_, std::back_inserter(bases),
                       [&](const std::string& revision) { return ParentsOf(revision).empty(); });
  return bases;
}

std::vector<std::string> RevisionGraph::BranchPoints() const {
  Revisions points;
  std::ranges::copy_if(order_, std::back_inserter(points), [&](const std::string& revision) {
    return ChildrenOf(revision).size() > 1;
  });
  return points;
}

std::set<std::string, std::less<>> RevisionGraph::AncestorsOf(
    const std::vector<std::string>& revisions) const {
  return Reachable(parents_, revisions);
}

std::set<std::string, std::less<>> RevisionGraph::DescendantsOf(
    const std::vector<std::string>& revisions) const {
  return Reachable(children_, revisions);
}

std::vector<std::string> RevisionGraph::Matching(std::string_view prefix) const {
  if (Contains(prefix)) return {std::string(prefix)};
  Revisions matching;
  for (auto it = parents_.lower_bound(prefix);
       it != parents_.end() && it->first.starts_with(prefix); ++it) {
    matching.push_back(it->first);
  }
  return matching;
}

std::vector<std::string> RevisionGraph::HeadsAmong(
    const std::set<std::string, std::less<>>& applied) const {
  const auto is_applied = [&](const std::string& revision) { return applied.contains(revision); };
  Revisions heads;
  std::ranges::copy_if(order_, std::back_inserter(heads), [&](const std::string& revision) {
    return is_applied(revision) && std::ranges::none_of(ChildrenOf(revision), is_applied);
  });
  return heads;
}

}  // namespace lockstep
