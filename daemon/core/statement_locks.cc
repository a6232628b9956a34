#include "core/statement_locks.h"

#include <algorithm>
#include <array>
#include <string>

#include "core/statement_named_lock.h"
#include "core/statement_object_locks.h"
#include "core/statement_table_locks.h"

namespace lockstep {
namespace {

using enum LockMode;
using enum LockReach;
using Locks = std::vector<NamedLock>;

const TreeNode& RelationOf(const TreeNode& node) { return Child(node, "relation"); }

// Indexes

Locks IndexLocks(const TreeNode& node) {
  const LockMode mode = Flag(node, "concurrent") ? kShareUpdateExclusive : kShare;
  return {LockOn(RelationOf(node), mode, {{kPartitions, mode}})};
}

Locks ReindexIndexLocks(const TreeNode& node, bool concurrent) {
  const LockMode table = concurrent ? kShareUpdateExclusive : kShare;
  NamedLock index = LockOn(RelationOf(node), concurrent ? kShareUpdateExclusive : kAccessExclusive);
  index.thing = LockedThing::kIndex;
  index.follow = {{kDescendants, index.mode}, {kTableOfIndex, table}};
  return {index};
}

Locks ReindexLocks(const TreeNode& node) {
  const bool concurrent = IsOn(List(node, "params"), "concurrently");
  const std::string_view what = Word(node, "kind");
  const LockMode mode = concurrent ? kShareUpdateExclusive : kShare;
  if (what == "REINDEX_OBJECT_INDEX") return ReindexIndexLocks(node, concurrent);
  if (what == "REINDEX_OBJECT_TABLE")
    return {LockOn(RelationOf(node), mode, {{kPartitions, mode}})};
  if (what != "REINDEX_OBJECT_SCHEMA") return {};
  return {LockOn(LockedThing::kSchema, {"", std::string(Word(node, "name"))}, mode)};
}

// New tables

void AddReferencedIn(const json::value& element, Locks& locks) {
  AddReferenced(As("Constraint", element), locks);
  for (const json::value& wrapped : List(As("ColumnDef", element), "constraints")) {
    AddReferenced(As("Constraint", wrapped), locks);
  }
}

// A partition gets the foreign keys of its table, and those that point to it.
std::vector<FollowedLock> FollowedByPartition() {
  return {{kDefaultPartition, kAccessExclusive},
          {kReferencedTables, kShareRowExclusive},
          {kReferencingTables, kShareRowExclusive}};
}

Locks TableLocks(const TreeNode& node) {
  const json::array& parents = List(node, "inhRelations");
  Locks locks = node.contains("partbound")
                    ? LocksOnAll(parents, kAccessExclusive, FollowedByPartition())
                    : LocksOnAll(parents, kShareUpdateExclusive);
  for (const json::value& element : List(node, "tableElts")) AddReferencedIn(element, locks);
  return locks;
}

Locks ForeignTableLocks(const TreeNode& node) { return TableLocks(Child(node, "base")); }

// Views

Locks ViewLocks(const TreeNode& node) {
  if (!Flag(node, "replace")) return {};
  return {LockOn(Child(node, "view"), kAccessExclusive)};
}

Locks RefreshLocks(const TreeNode& node) {
  return {LockOn(RelationOf(node), Flag(node, "concurrent") ? kExclusive : kAccessExclusive)};
}

// Parts of tables

// The trigger of each row is made for the partitions too; one of a statement is not.
Locks TriggerLocks(const TreeNode& node) {
  std::vector<FollowedLock> follow;
  if (Flag(node, "row")) follow.push_back({kPartitions, kShareRowExclusive});
  return {LockOn(RelationOf(node), kShareRowExclusive, std::move(follow))};
}

Locks RuleLocks(const TreeNode& node) { return {LockOn(RelationOf(node), kAccessExclusive)}; }

Locks PolicyLocks(const TreeNode& node) { return {LockOn(Child(node, "table"), kAccessExclusive)}; }

Locks StatisticsLocks(const TreeNode& node) {
  return LocksOnAll(List(node, "relations"), kShareUpdateExclusive);
}

Locks SequenceLocks(const TreeNode& node) {
  return {LockOn(Child(node, "sequence"), kShareRowExclusive)};
}

// The domain's tables are read by whatever has to be true for all their rows.
Locks DomainLocks(const TreeNode& node) {
  const std::string_view command = Word(node, "subtype");
  const TreeNode& constraint = Child(Child(node, "def"), "Constraint");
  const bool adds = command == "C" && !Flag(constraint, "skip_validation");
  if (!adds && command != "O" && command != "V") return {};
  return {LockOn(LockedThing::kDomain, QualifiedNameIn(List(node, "typeName")), kShare)};
}

// Publications

Locks ListedTables(const TreeNode& node) {
  Locks locks;
  for (const json::value& wrapped : List(node, "pubobjects")) {
    const TreeNode& table = Child(As("PublicationObjSpec", wrapped), "pubtable");
    if (table.empty()) continue;
    locks.push_back(LockOn(RelationOf(table), kShareUpdateExclusive));
  }
  return locks;
}

// SET takes out those that are not named.
Locks AlterPublicationLocks(const TreeNode& node) {
  Locks locks = ListedTables(node);
  if (Word(node, "action") == "AP_SetObjects" && node.contains("pubobjects")) {
    locks.push_back(LockOn(LockedThing::kPublication, {"", std::string(Word(node, "pubname"))},
                           kShareUpdateExclusive));
  }
  return locks;
}

// Whole tables

Locks TruncateLocks(const TreeNode& node) {
  std::vector<FollowedLock> follow = {{kDescendants, kAccessExclusive}};
  if (Word(node, "behavior") == "DROP_CASCADE") {
    follow.push_back({kReferencingTables, kAccessExclusive});
  }
  if (Flag(node, "restart_seqs")) follow.push_back({kOwnedSequences, kAccessExclusive});
  return LocksOnAll(List(node, "relations"), kAccessExclusive, follow);
}

Locks LockTableLocks(const TreeNode& node) {
  const json::value* number = node.if_contains("mode");
  if (number == nullptr || !number->is_int64()) return {};
  // The grammar counts the modes from 1, in this order.
  const auto mode = static_cast<LockMode>(number->get_int64() - 1);
  if (mode < kShareUpdateExclusive) return {};
  return LocksOnAll(List(node, "relations"), mode, {{kDescendants, mode}, {kViewedTables, mode}});
}

Locks ClusterLocks(const TreeNode& node) {
  if (!node.contains("relation")) return {};
  Locks locks = {LockOn(RelationOf(node), kAccessExclusive, {{kPartitions, kAccessExclusive}})};
  if (!node.contains("indexname")) return locks;
  locks.push_back(LockOn(
      LockedThing::kIndex,
      {std::string(Word(RelationOf(node), "schemaname")), std::string(Word(node, "indexname"))},
      kAccessExclusive));
  return locks;
}

Locks VacuumLocks(const TreeNode& node) {
  const bool full = IsOn(List(node, "options"), "full");
  const LockMode mode = full ? kAccessExclusive : kShareUpdateExclusive;
  Locks locks;
  for (const json::value& wrapped : List(node, "rels")) {
    const TreeNode& table = As("VacuumRelation", wrapped);
    locks.push_back(LockOn(RelationOf(table), mode, {{kPartitions, mode}}));
  }
  return locks;
}

struct NodeLocks {
  std::string_view node;
  Locks (*locks)(const TreeNode& node);
};

constexpr std::array kNodeLocks = {
    NodeLocks{"AlterDomainStmt", DomainLocks},
    NodeLocks{"AlterExtensionContentsStmt", MarkLocks},
    NodeLocks{"AlterObjectDependsStmt", DependsLocks},
    NodeLocks{"AlterObjectSchemaStmt", SetSchemaLocks},
    NodeLocks{"AlterPolicyStmt", PolicyLocks},
    NodeLocks{"AlterPublicationStmt", AlterPublicationLocks},
    NodeLocks{"AlterSeqStmt", SequenceLocks},
    NodeLocks{"AlterTableStmt", AlterTableLocks},
    NodeLocks{"ClusterStmt", ClusterLocks},
    NodeLocks{"CommentStmt", MarkLocks},
    NodeLocks{"CreateForeignTableStmt", ForeignTableLocks},
    NodeLocks{"CreatePolicyStmt", PolicyLocks},
    NodeLocks{"CreatePublicationStmt", ListedTables},
    NodeLocks{"CreateStatsStmt", StatisticsLocks},
    NodeLocks{"CreateStmt", TableLocks},
    NodeLocks{"CreateTrigStmt", TriggerLocks},
    NodeLocks{"DropStmt", DropLocks},
    NodeLocks{"IndexStmt", IndexLocks},
    NodeLocks{"LockStmt", LockTableLocks},
    NodeLocks{"RefreshMatViewStmt", RefreshLocks},
    NodeLocks{"ReindexStmt", ReindexLocks},
    NodeLocks{"RenameStmt", RenameLocks},
    NodeLocks{"RuleStmt", RuleLocks},
    NodeLocks{"SecLabelStmt", MarkLocks},
    NodeLocks{"TruncateStmt", TruncateLocks},
    NodeLocks{"VacuumStmt", VacuumLocks},
    NodeLocks{"ViewStmt", ViewLocks},
};

}  // namespace

std::vector<NamedLock> LocksOf(std::string_view type, const TreeNode& node) {
  const auto* known = std::find_if(kNodeLocks.begin(), kNodeLocks.end(),
                                   [type](const NodeLocks& n) { return n.node == type; });
  return known == kNodeLocks.end() ? Locks{} : known->locks(node);
}

}  // namespace lockstep
