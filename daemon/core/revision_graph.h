// The revisions and their parents: order, heads, bases, branches, merges.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"

namespace lockstep {

// One node as the graph is built from; `file` and `line` are for the messages.
struct RevisionNode {
  std::string revision;
  std::vector<std::string> parents;
  std::string file;
  int line = 0;
};

// Immutable. Thread: any.
class RevisionGraph {
 public:
  RevisionGraph() = default;
  // Appends duplicate-revision, missing-parent, self-parent, duplicate-parent and cycle (which
  // names every member in order) to `diagnostics`. With errors the graph is empty.
  static RevisionGraph Make(const std::vector<RevisionNode>& nodes, Diagnostics& diagnostics);

  // Parents before children; among those that are free, in natural order of (longest line of
  // descent kept together is not promised) their position in `nodes`.
  const std::vector<std::string>& order() const { return order_; }
  bool Contains(std::string_view revision) const;
  const std::vector<std::string>& ParentsOf(std::string_view revision) const;
  const std::vector<std::string>& ChildrenOf(std::string_view revision) const;
  std::vector<std::string> Heads() const;  // in order()
  std::vector<std::string> Bases() const;
  std::vector<std::string> BranchPoints() const;  // revisions with several children
  // Of `revisions` and all that they descend from / that descends from them; with them.
  std::set<std::string, std::less<>> AncestorsOf(const std::vector<std::string>& revisions) const;
  std::set<std::string, std::less<>> DescendantsOf(const std::vector<std::string>& revisions) const;
  // Every revision that starts with `prefix`; an exact match alone when there is one.
  std::vector<std::string> Matching(std::string_view prefix) const;
  // Of `applied`, those without an applied child: the database's heads. In order().
  std::vector<std::string> HeadsAmong(const std::set<std::string, std::less<>>& applied) const;

 private:
  std::vector<std::string> order_;
  std::map<std::string, std::vector<std::string>, std::less<>> parents_;
  std::map<std::string, std::vector<std::string>, std::less<>> children_;
};

}  // namespace lockstep
