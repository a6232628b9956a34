// One statement's parse tree, and how to read it.
//
// libpg_query hands the tree out as JSON. What is absent from it reads as empty, since the grammar
// leaves defaults out.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/json.h"

namespace lockstep {

using TreeNode = json::object;

// Immutable. Thread: any.
class StatementTree {
 public:
  // Nothing when the PostgreSQL 15 grammar does not accept the one statement in `sql`, or when it
  // is too long to be parsed without harm. Long literals may come back empty.
  static std::optional<StatementTree> Parse(std::string_view sql);

  std::string_view type() const;  // "AlterTableStmt"
  const TreeNode& node() const;   // what such a statement holds

 private:
  explicit StatementTree(json::value tree) : tree_(std::move(tree)) {}
  const TreeNode& Wrapped() const;  // {"AlterTableStmt": {...}}

  json::value tree_;
};

const TreeNode& Child(const TreeNode& node, std::string_view key);
const json::array& List(const TreeNode& node, std::string_view key);
std::string_view Word(const TreeNode& node, std::string_view key);
bool Flag(const TreeNode& node, std::string_view key);

// The content of {"Type": {...}} when it has that type; otherwise an empty one.
const TreeNode& As(std::string_view type, const json::value& wrapped);

template <typename Predicate>
bool AnyOf(const json::array& list, Predicate predicate) {
  return std::any_of(list.begin(), list.end(), predicate);
}

// Options are "(FULL, VERBOSE OFF)" or "WITH (connect = false)"; IsOff of one that is not given is
// false as well.
bool HasOption(const json::array& options, std::string_view name);
bool IsOn(const json::array& options, std::string_view name);
bool IsOff(const json::array& options, std::string_view name);

struct QualifiedName {
  std::string schema;  // empty when there is none
  std::string name;
};

QualifiedName QualifiedNameIn(const json::array& parts);

}  // namespace lockstep
