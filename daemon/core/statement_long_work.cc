#include "core/statement_long_work.h"

#include <algorithm>
#include <array>

#include "core/statement_table_work.h"

namespace lockstep {
namespace {

using enum LongCause;
using Work = std::vector<LongWork>;

const TreeNode& RelationOf(const TreeNode& node) { return Child(node, "relation"); }

Work IndexWork(const TreeNode& node) {
  if (Flag(node, "concurrent")) return {};
  LongWork work = WorkOn(RelationOf(node), kIndexBuild);
  if (!Flag(RelationOf(node), "inh")) work.detail = "only";
  return {work};
}

Work ReindexWork(const TreeNode& node) {
  if (IsOn(List(node, "params"), "concurrently")) return {};
  LongWork work = WorkOn(RelationOf(node), kIndexRebuild);
  if (Word(node, "kind") == "REINDEX_OBJECT_SCHEMA") work.schema = Word(node, "name");
  return {work};
}

Work RefreshWork(const TreeNode& node) {
  if (Flag(node, "concurrent")) return {};
  return {WorkOn(RelationOf(node), kRefresh)};
}

Work ClusterWork(const TreeNode& node) { return {WorkOn(RelationOf(node), kTableRewrite)}; }

Work VacuumWork(const TreeNode& node) {
  if (!IsOn(List(node, "options"), "full")) return {};
  Work work;
  for (const json::value& wrapped : List(node, "rels")) {
    work.push_back(WorkOn(RelationOf(As("VacuumRelation", wrapped)), kTableRewrite));
  }
  // Without a list it is every table of the database.
  if (work.empty()) work.push_back(WorkOn(TreeNode{}, kTableRewrite));
  return work;
}

Work MoveAllWork(const TreeNode&) { return {WorkOn(TreeNode{}, kTableRewrite)}; }

// Of a domain every table that uses it is locked against writers and read.
Work DomainWork(const TreeNode& node) {
  const std::string_view command = Word(node, "subtype");
  const TreeNode& constraint = Child(Child(node, "def"), "Constraint");
  const bool adds = command == "C" && !Flag(constraint, "skip_validation");
  if (!adds && command != "O" && command != "V") return {};
  QualifiedName domain = QualifiedNameIn(List(node, "typeName"));
  LongWork work;
  work.cause = kDomainConstraint;
  work.schema = std::move(domain.schema);
  work.relation = std::move(domain.name);
  return {work};
}

// The rows of the default partition must not belong to the new one.
Work CreateTableWork(const TreeNode& node) {
  Work work;
  if (!node.contains("partbound")) return work;
  for (const json::value& parent : List(node, "inhRelations")) {
    work.push_back(WorkOn(As("RangeVar", parent), kAttachScan));
    work.back().unless_proven = false;
  }
  return work;
}

Work CreateForeignTableWork(const TreeNode& node) { return CreateTableWork(Child(node, "base")); }

struct NodeWork {
  std::string_view node;
  Work (*work)(const TreeNode& node);
};

constexpr std::array kNodeWork = {
    NodeWork{"AlterDomainStmt", DomainWork},
    NodeWork{"AlterTableMoveAllStmt", MoveAllWork},
    NodeWork{"AlterTableStmt", AlterTableWork},
    NodeWork{"ClusterStmt", ClusterWork},
    NodeWork{"CreateForeignTableStmt", CreateForeignTableWork},
    NodeWork{"CreateStmt", CreateTableWork},
    NodeWork{"IndexStmt", IndexWork},
    NodeWork{"RefreshMatViewStmt", RefreshWork},
    NodeWork{"ReindexStmt", ReindexWork},
    NodeWork{"VacuumStmt", VacuumWork},
};

}  // namespace

std::vector<LongWork> LongWorkOf(std::string_view type, const TreeNode& node) {
  const auto* known = std::find_if(kNodeWork.begin(), kNodeWork.end(),
                                   [type](const NodeWork& n) { return n.node == type; });
  return known == kNodeWork.end() ? Work{} : known->work(node);
}

}  // namespace lockstep
