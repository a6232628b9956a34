#include "core/statement_object_locks.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "core/statement_named_lock.h"

namespace lockstep {
namespace {

using enum LockMode;
using enum LockReach;
using Locks = std::vector<NamedLock>;

// What has rows or stands for something that has.
constexpr std::array<std::string_view, 5> kRelations = {
    "OBJECT_FOREIGN_TABLE", "OBJECT_MATVIEW", "OBJECT_SEQUENCE", "OBJECT_TABLE", "OBJECT_VIEW",
};

bool IsRelation(std::string_view object) {
  return std::find(kRelations.begin(), kRelations.end(), object) != kRelations.end();
}

struct DropRule {
  std::string_view object;
  LockedThing thing;
  std::vector<FollowedLock> follow;
  bool only_cascade = false;  // otherwise nothing that has rows goes with it
};

const std::array<DropRule, 14>& DropRules() {
  static const std::vector<FollowedLock> kAll = {{kDependents, kAccessExclusive}};
  static const std::array<DropRule, 14> kRules = {{
      {"OBJECT_AGGREGATE", LockedThing::kFunction, kAll, true},
      {"OBJECT_DOMAIN", LockedThing::kType, kAll, true},
      {"OBJECT_FOREIGN_TABLE", LockedThing::kRelation, kAll},
      {"OBJECT_FUNCTION", LockedThing::kFunction, kAll, true},
      {"OBJECT_INDEX",
       LockedThing::kIndex,
       {{kDescendants, kAccessExclusive}, {kTableOfIndex, kAccessExclusive}}},
      {"OBJECT_MATVIEW", LockedThing::kRelation, kAll},
      {"OBJECT_PROCEDURE", LockedThing::kFunction, kAll, true},
      {"OBJECT_ROUTINE", LockedThing::kFunction, kAll, true},
      {"OBJECT_SCHEMA", LockedThing::kSchema, kAll, true},
      {"OBJECT_SEQUENCE", LockedThing::kRelation, kAll},
      // Of a partition, its place is taken out of the table that it is a part of.
      {"OBJECT_TABLE",
       LockedThing::kRelation,
       {{kDependents, kAccessExclusive},
        {kParent, kAccessExclusive},
        {kSiblingDefault, kAccessExclusive}}},
      {"OBJECT_TYPE", LockedThing::kType, kAll, true},
      {"OBJECT_VIEW", LockedThing::kRelation, kAll},
      {"OBJECT_STATISTIC_EXT", LockedThing::kStatistics, {}},
  }};
  return kRules;
}

const DropRule* RuleOf(std::string_view object) {
  const auto& rules = DropRules();
  const auto* found = std::find_if(rules.begin(), rules.end(),
                                   [object](const DropRule& r) { return r.object == object; });
  return found == rules.end() ? nullptr : found;
}

// A trigger, rule or policy is named after its table: "schema.table.trigger".
Locks PartDropLocks(const TreeNode& node, std::vector<FollowedLock> follow) {
  Locks locks;
  for (const json::value& object : List(node, "objects")) {
    locks.push_back(LockOn(LockedThing::kRelation, NameOfOwner(object), kAccessExclusive, follow));
  }
  return locks;
}

// CONCURRENTLY, neither readers nor writers of the table wait.
Locks ConcurrentDropLocks(const TreeNode& node) {
  Locks locks;
  for (const json::value& object : List(node, "objects")) {
    locks.push_back(LockOn(LockedThing::kIndex, NameOfObject(object), kShareUpdateExclusive,
                           {{kTableOfIndex, kShareUpdateExclusive}}));
  }
  return locks;
}

struct RenameRule {
  std::string_view renamed;
  LockMode mode;
  std::optional<LockReach> reach;
};

constexpr std::array kRenames = {
    RenameRule{"OBJECT_COLUMN", kAccessExclusive, kDescendants},
    RenameRule{"OBJECT_FOREIGN_TABLE", kAccessExclusive, {}},
    RenameRule{"OBJECT_MATVIEW", kAccessExclusive, {}},
    RenameRule{"OBJECT_POLICY", kAccessExclusive, {}},
    RenameRule{"OBJECT_RULE", kAccessExclusive, {}},
    RenameRule{"OBJECT_SEQUENCE", kAccessExclusive, {}},
    RenameRule{"OBJECT_TABCONSTRAINT", kAccessExclusive, kDescendants},
    RenameRule{"OBJECT_TABLE", kAccessExclusive, {}},
    RenameRule{"OBJECT_TRIGGER", kAccessExclusive, kPartitions},
    RenameRule{"OBJECT_VIEW", kAccessExclusive, {}},
};

// Of a domain's or a type's parts the relation is that of the type, not a table.
Locks RenamedThing(const TreeNode& node, LockedThing thing, LockMode mode) {
  NamedLock lock = LockOn(Child(node, "relation"), mode);
  lock.thing = thing;
  return {lock};
}

}  // namespace

std::vector<NamedLock> DropLocks(const TreeNode& node) {
  const std::string_view object = Word(node, "removeType");
  if (Flag(node, "concurrent")) return ConcurrentDropLocks(node);
  if (object == "OBJECT_TRIGGER") return PartDropLocks(node, {{kPartitions, kAccessExclusive}});
  if (object == "OBJECT_RULE" || object == "OBJECT_POLICY") return PartDropLocks(node, {});
  const DropRule* rule = RuleOf(object);
  const bool cascade = Word(node, "behavior") == "DROP_CASCADE";
  if (rule == nullptr || (rule->only_cascade && !cascade)) return {};
  const bool statistics = rule->thing == LockedThing::kStatistics;
  Locks locks;
  for (const json::value& dropped : List(node, "objects")) {
    locks.push_back(LockOn(rule->thing, NameOfObject(dropped),
                           statistics ? kShareUpdateExclusive : kAccessExclusive, rule->follow));
  }
  return locks;
}

std::vector<NamedLock> RenameLocks(const TreeNode& node) {
  const std::string_view renamed = Word(node, "renameType");
  if (renamed == "OBJECT_INDEX") {
    return RenamedThing(node, LockedThing::kIndex, kShareUpdateExclusive);
  }
  if (renamed == "OBJECT_ATTRIBUTE") {
    return RenamedThing(node, LockedThing::kType, kAccessExclusive);
  }
  const auto* known = std::find_if(kRenames.begin(), kRenames.end(),
                                   [renamed](const RenameRule& r) { return r.renamed == renamed; });
  if (known == kRenames.end()) return {};
  std::vector<FollowedLock> follow;
  if (known->reach) follow.push_back({*known->reach, known->mode});
  return {LockOn(Child(node, "relation"), known->mode, std::move(follow))};
}

std::vector<NamedLock> SetSchemaLocks(const TreeNode& node) {
  if (!IsRelation(Word(node, "objectType"))) return {};
  return {LockOn(Child(node, "relation"), kAccessExclusive, {{kOwnedSequences, kAccessExclusive}})};
}

std::vector<NamedLock> DependsLocks(const TreeNode& node) {
  const std::string_view object = Word(node, "objectType");
  if (object == "OBJECT_INDEX") return RenamedThing(node, LockedThing::kIndex, kAccessExclusive);
  if (!IsRelation(object)) return {};
  return {LockOn(Child(node, "relation"), kAccessExclusive)};
}

std::vector<NamedLock> MarkLocks(const TreeNode& node) {
  const std::string_view object = Word(node, "objtype");
  const json::value* marked = node.if_contains("object");
  if (marked == nullptr) return {};
  const bool column = object == "OBJECT_COLUMN";
  const bool index = object == "OBJECT_INDEX";
  if (!column && !index && !IsRelation(object)) return {};
  return {LockOn(index ? LockedThing::kIndex : LockedThing::kRelation,
                 column ? NameOfOwner(*marked) : NameOfObject(*marked), kShareUpdateExclusive)};
}

}  // namespace lockstep
