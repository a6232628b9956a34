#include "core/statement_concurrently.h"

#include <string_view>
#include <utility>

#include "core/statement_object.h"

namespace lockstep {
namespace {

using enum LockClass;
using Trait = StatementTrait;

void NameReindexed(const TreeNode& node, StatementKind& kind) {
  const std::string_view what = Word(node, "kind");
  NameRelation(Child(node, "relation"), kind);
  if (what == "REINDEX_OBJECT_INDEX") std::swap(kind.relation, kind.object);
  if (what == "REINDEX_OBJECT_SCHEMA") kind.schema = Word(node, "name");
}

}  // namespace

void RefineIndex(const TreeNode& node, StatementKind& kind) {
  if (!Flag(node, "concurrent")) return;
  kind.name += " CONCURRENTLY";
  kind.lock_class = kLongWeak;
  kind.trait = Trait::kCreateIndexConcurrently;
  NameRelation(Child(node, "relation"), kind);
  kind.object = Word(node, "idxname");
}

void RefineDrop(const TreeNode& node, StatementKind& kind) {
  AppendObject(node, kind);
  if (!Flag(node, "concurrent")) return;
  kind.name += " CONCURRENTLY";
  kind.lock_class = kLongWeak;
  kind.trait = Trait::kDropIndexConcurrently;
  const json::array& objects = List(node, "objects");
  if (objects.empty()) return;
  QualifiedName index = QualifiedNameIn(List(As("List", objects.front()), "items"));
  kind.schema = std::move(index.schema);
  kind.object = std::move(index.name);
}

void RefineReindex(const TreeNode& node, StatementKind& kind) {
  const std::string_view what = Word(node, "kind");
  if (IsOn(List(node, "params"), "concurrently")) {
    kind.name += " CONCURRENTLY";
    kind.lock_class = kLongWeak;
    kind.trait = Trait::kReindexConcurrently;
    NameReindexed(node, kind);
  } else if (what != "REINDEX_OBJECT_INDEX" && what != "REINDEX_OBJECT_TABLE") {
    kind.trait = Trait::kNeedsNoTransaction;
  }
}

void RefineRefresh(const TreeNode& node, StatementKind& kind) {
  if (!Flag(node, "concurrent")) return;
  kind.name += " CONCURRENTLY";
  kind.lock_class = kLongWeak;
}

}  // namespace lockstep
