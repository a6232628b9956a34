#include "core/statement_table_work.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "core/statement_default_calls.h"
#include "core/statement_type_name.h"

namespace lockstep {
namespace {

using enum LongCause;
using Work = std::vector<LongWork>;

bool IsOfType(const TreeNode& constraint, std::string_view type) {
  return Word(constraint, "contype") == type;
}

bool HasDefault(const TreeNode& column) {
  return AnyOf(List(column, "constraints"), [](const json::value& wrapped) {
    return IsOfType(As("Constraint", wrapped), "CONSTR_DEFAULT");
  });
}

// Constraints that are checked or built over all rows while the table is locked.
struct ConstraintCause {
  std::string_view type;
  LongCause cause;
};

constexpr std::array kConstraintCauses = {
    ConstraintCause{"CONSTR_CHECK", kCheckScan},
    ConstraintCause{"CONSTR_EXCLUSION", kExclusionBuild},
    ConstraintCause{"CONSTR_FOREIGN", kForeignKeyScan},
    ConstraintCause{"CONSTR_GENERATED", kGeneratedColumn},
    ConstraintCause{"CONSTR_IDENTITY", kNumberedColumn},
    ConstraintCause{"CONSTR_PRIMARY", kUniqueBuild},
    ConstraintCause{"CONSTR_UNIQUE", kUniqueBuild},
};

std::optional<LongCause> CauseOf(const TreeNode& constraint) {
  if (Flag(constraint, "skip_validation")) return std::nullopt;
  for (const ConstraintCause& known : kConstraintCauses) {
    if (IsOfType(constraint, known.type)) return known.cause;
  }
  return std::nullopt;
}

// The index is there, but a column that may be NULL is looked through first.
LongWork WorkOfUsingIndex(const TreeNode& relation, const TreeNode& constraint) {
  LongWork work = WorkOn(relation, kNotNullScan);
  work.detail = Word(constraint, "indexname");
  work.unless_proven = false;
  return work;
}

void AddConstraintWork(const TreeNode& relation, const TreeNode& constraint, Work& work) {
  if (constraint.contains("indexname")) {
    if (!IsOfType(constraint, "CONSTR_PRIMARY")) return;
    work.push_back(WorkOfUsingIndex(relation, constraint));
  } else if (const std::optional<LongCause> cause = CauseOf(constraint)) {
    work.push_back(WorkOn(relation, *cause));
  }
}

// A new column

void AddDefaultWork(const TreeNode& relation, const TreeNode& constraint, Work& work) {
  const json::value* expression = constraint.if_contains("raw_expr");
  const std::string calls = expression == nullptr ? "" : UnsteadyCallsIn(*expression);
  if (calls.empty()) return;
  work.push_back(WorkOn(relation, kVolatileDefault));
  work.back().detail = calls;
}

void AddColumnConstraintWork(const TreeNode& relation, const TreeNode& constraint, bool has_default,
                             Work& work) {
  if (IsOfType(constraint, "CONSTR_DEFAULT")) return AddDefaultWork(relation, constraint, work);
  // Of a column that is null everywhere the server knows that no reference needs a look.
  if (IsOfType(constraint, "CONSTR_FOREIGN") && !has_default) return;
  AddConstraintWork(relation, constraint, work);
}

// A domain's constraints are checked for each row, in a rewrite.
void AddTypeWork(const TreeNode& relation, const TreeNode& type_name, Work& work) {
  if (IsBuiltInType(type_name) || type_name.contains("arrayBounds")) return;
  work.push_back(WorkOn(relation, kDomainColumn));
  work.back().detail = TypeText(type_name);
  work.back().unless_proven = false;
}

void AddNewColumn(const TreeNode& relation, const TreeNode& command, Work& work) {
  const TreeNode& column = Child(Child(command, "def"), "ColumnDef");
  const TreeNode& type_name = Child(column, "typeName");
  const std::size_t before = work.size();
  if (IsSerialType(type_name)) work.push_back(WorkOn(relation, kNumberedColumn));
  AddTypeWork(relation, type_name, work);
  const bool has_default = HasDefault(column);
  for (const json::value& wrapped : List(column, "constraints")) {
    AddColumnConstraintWork(relation, As("Constraint", wrapped), has_default, work);
  }
  for (std::size_t i = before; i < work.size(); ++i) work[i].column = Word(column, "colname");
}

// Commands

void AddConstraint(const TreeNode& relation, const TreeNode& command, Work& work) {
  AddConstraintWork(relation, Child(Child(command, "def"), "Constraint"), work);
}

void AddColumnType(const TreeNode& relation, const TreeNode& command, Work& work) {
  const TreeNode& column = Child(Child(command, "def"), "ColumnDef");
  work.push_back(WorkOn(relation, kColumnType));
  work.back().column = Word(command, "name");
  // A type alone does not tell what an expression makes of the values, nor in what order the
  // column's indexes would be.
  if (column.contains("raw_default") || column.contains("collClause")) return;
  work.back().detail = TypeText(Child(column, "typeName"));
}

void AddNotNull(const TreeNode& relation, const TreeNode& command, Work& work) {
  work.push_back(WorkOn(relation, kNotNullScan));
  work.back().column = Word(command, "name");
}

void AddRewrite(const TreeNode& relation, const TreeNode&, Work& work) {
  work.push_back(WorkOn(relation, kTableRewrite));
}

std::string NameAsWritten(const TreeNode& range_var) {
  const std::string schema(Word(range_var, "schemaname"));
  return (schema.empty() ? "" : schema + ".") + std::string(Word(range_var, "relname"));
}

// Both are looked through, unless a CHECK tells what is in them: the partition for rows that do not
// belong there, the default partition for rows that now belong to the other.
void AddAttached(const TreeNode& relation, const TreeNode& command, Work& work) {
  const TreeNode& partition = Child(Child(Child(command, "def"), "PartitionCmd"), "name");
  work.push_back(WorkOn(partition, kAttachScan));
  work.back().detail = NameAsWritten(partition);
  work.push_back(WorkOn(relation, kAttachScan));
  work.back().unless_proven = false;
}

struct CommandWork {
  std::string_view command;
  void (*add)(const TreeNode& relation, const TreeNode& command, Work& work);
};

constexpr std::array kTableCommands = {
    CommandWork{"AT_AddColumn", AddNewColumn},
    CommandWork{"AT_AddConstraint", AddConstraint},
    CommandWork{"AT_AlterColumnType", AddColumnType},
    CommandWork{"AT_AttachPartition", AddAttached},
    CommandWork{"AT_SetAccessMethod", AddRewrite},
    CommandWork{"AT_SetLogged", AddRewrite},
    CommandWork{"AT_SetNotNull", AddNotNull},
    CommandWork{"AT_SetTableSpace", AddRewrite},
    CommandWork{"AT_SetUnLogged", AddRewrite},
};

bool HoldsRows(std::string_view object) {
  return object == "OBJECT_TABLE" || object == "OBJECT_INDEX" || object == "OBJECT_MATVIEW";
}

// An index is attached at once.
bool TakesTime(std::string_view object, std::string_view command) {
  return object != "OBJECT_INDEX" || command != "AT_AttachPartition";
}

}  // namespace

LongWork WorkOn(const TreeNode& range_var, LongCause cause) {
  LongWork work;
  work.cause = cause;
  work.schema = Word(range_var, "schemaname");
  work.relation = Word(range_var, "relname");
  return work;
}

std::vector<LongWork> AlterTableWork(const TreeNode& node) {
  Work work;
  const std::string_view object = Word(node, "objtype");
  if (!HoldsRows(object)) return work;
  for (const json::value& wrapped : List(node, "cmds")) {
    const TreeNode& command = As("AlterTableCmd", wrapped);
    const std::string_view type = Word(command, "subtype");
    const auto* known = std::find_if(kTableCommands.begin(), kTableCommands.end(),
                                     [type](const CommandWork& c) { return c.command == type; });
    if (known == kTableCommands.end() || !TakesTime(object, type)) continue;
    known->add(Child(node, "relation"), command, work);
  }
  return work;
}

}  // namespace lockstep
