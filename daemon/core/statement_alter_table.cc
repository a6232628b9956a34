#include "core/statement_alter_table.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "core/statement_object.h"

namespace lockstep {
namespace {

using enum LockClass;
using Trait = StatementTrait;

// Functions of PostgreSQL that are not volatile: a column's default made of these alone is computed
// once, without a rewrite. One that is not here counts as volatile; only the catalog knows.
constexpr std::string_view kSteadyFunctions =
    " abs array_fill ceil concat current_database current_schema current_setting date_trunc decode "
    "encode floor format initcap json_build_array json_build_object jsonb_build_array "
    "jsonb_build_object length lower lpad make_date make_interval make_time make_timestamp "
    "make_timestamptz md5 now repeat replace round rpad statement_timestamp timezone to_char "
    "to_date "
    "to_jsonb to_timestamp transaction_timestamp upper ";

bool MayBeVolatile(const json::value& expression);

bool CallMayBeVolatile(const TreeNode& call) {
  const QualifiedName function = QualifiedNameIn(List(call, "funcname"));
  const bool ours = function.schema.empty() || function.schema == "pg_catalog";
  return !ours || kSteadyFunctions.find(" " + function.name + " ") == std::string_view::npos;
}

bool MemberMayBeVolatile(const json::key_value_pair& member) {
  if (member.key() == "FuncCall" && CallMayBeVolatile(member.value().get_object())) return true;
  return MayBeVolatile(member.value());
}

bool MayBeVolatile(const json::value& expression) {
  if (expression.is_array()) return AnyOf(expression.get_array(), MayBeVolatile);
  if (!expression.is_object()) return false;
  const TreeNode& node = expression.get_object();
  return std::any_of(node.begin(), node.end(), MemberMayBeVolatile);
}

bool IsSerial(const TreeNode& column) {
  const std::string type = QualifiedNameIn(List(Child(column, "typeName"), "names")).name;
  return type == "serial" || type == "bigserial" || type == "smallserial" || type == "serial2" ||
         type == "serial4" || type == "serial8";
}

bool HasDefault(const TreeNode& column) {
  return AnyOf(List(column, "constraints"), [](const json::value& wrapped) {
    return Word(As("Constraint", wrapped), "contype") == "CONSTR_DEFAULT";
  });
}

// A constraint that is checked or built over all rows while the table is locked.
bool IsLongConstraint(const TreeNode& constraint) {
  const std::string_view type = Word(constraint, "contype");
  if (type == "CONSTR_CHECK" || type == "CONSTR_FOREIGN") {
    return !Flag(constraint, "skip_validation");
  }
  if (type == "CONSTR_PRIMARY" || type == "CONSTR_UNIQUE") return !constraint.contains("indexname");
  return type == "CONSTR_EXCLUSION";
}

bool ColumnConstraintIsLong(const TreeNode& constraint, bool has_default) {
  const std::string_view type = Word(constraint, "contype");
  if (type == "CONSTR_IDENTITY" || type == "CONSTR_GENERATED") return true;
  if (type == "CONSTR_DEFAULT") {
    const json::value* expression = constraint.if_contains("raw_expr");
    return expression != nullptr && MayBeVolatile(*expression);
  }
  // Of a column that is null everywhere the server knows that no reference needs a look.
  if (type == "CONSTR_FOREIGN") return has_default;
  return IsLongConstraint(constraint);
}

bool AddsColumnAtLength(const TreeNode& column) {
  const bool has_default = HasDefault(column);
  return IsSerial(column) ||
         AnyOf(List(column, "constraints"), [has_default](const json::value& wrapped) {
           return ColumnConstraintIsLong(As("Constraint", wrapped), has_default);
         });
}

bool IsLongCommand(const TreeNode& command) {
  const std::string_view type = Word(command, "subtype");
  const TreeNode& definition = Child(command, "def");
  if (type == "AT_AddColumn") return AddsColumnAtLength(Child(definition, "ColumnDef"));
  if (type == "AT_AddConstraint") return IsLongConstraint(Child(definition, "Constraint"));
  return type == "AT_AlterColumnType" || type == "AT_SetNotNull" || type == "AT_SetLogged" ||
         type == "AT_SetUnLogged" || type == "AT_SetTableSpace" || type == "AT_SetAccessMethod";
}

bool HoldsRows(std::string_view object) {
  return object == "OBJECT_TABLE" || object == "OBJECT_INDEX" || object == "OBJECT_MATVIEW";
}

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
  const auto is_long = [](const json::value& c) { return IsLongCommand(As("AlterTableCmd", c)); };
  if (HoldsRows(Word(node, "objtype")) && AnyOf(commands, is_long)) kind.lock_class = kLongStrong;
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
