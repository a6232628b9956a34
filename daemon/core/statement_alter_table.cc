#include "core/statement_alter_table.h"

#include <string_view>

#include "core/statement_object.h"

namespace lockstep {
namespace {

using enum LockClass;
using Trait = StatementTrait;

void RefineValidate(const TreeNode& node, const TreeNode& first, StatementKind& kind) {
  kind.lock_class = kLongWeak;
  kind.trait = Trait::kValidateConstraint;
  NameRelation(Child(node, "relation"), kind);
  kind.object = Word(first, "name");
}

void RefineDetach(const TreeNode& node, const TreeNode& partition, StatementKind& kind) {
  kind.lock_class = kLongWeak;
  kind.trait = Trait::kDetachConcurrently;
  NameRelation(Child(node, "relation"), kind);
  kind.object = Word(Child(partition, "name"), "relname");
}

}  // namespace

void RefineAlterTable(const TreeNode& node, StatementKind& kind) {
  AppendObject(node, kind);
  const json::array& commands = List(node, "cmds");
  if (commands.empty()) return;
  const TreeNode& first = As("AlterTableCmd", commands.front());
  const TreeNode& partition = Child(Child(first, "def"), "PartitionCmd");
  if (Flag(partition, "concurrent")) RefineDetach(node, partition, kind);
  // Together with another command the strongest lock of both is held all the time.
  const bool only_validates = !AnyOf(commands, [](const json::value& command) {
    return Word(As("AlterTableCmd", command), "subtype") != "AT_ValidateConstraint";
  });
  if (only_validates) RefineValidate(node, first, kind);
}

}  // namespace lockstep
