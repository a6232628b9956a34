#include "core/statement_default_calls.h"

#include <string_view>

#include "core/statement_tree.h"

namespace lockstep {
namespace {

// Functions of PostgreSQL that are not volatile: a column's default made of these alone is computed
// once, without a rewrite. One that is not here counts as volatile; only the catalog knows.
constexpr std::string_view kSteadyFunctions =
    " abs array_fill ceil concat current_database current_schema current_setting date_trunc decode "
    "encode floor format initcap json_build_array json_build_object jsonb_build_array "
    "jsonb_build_object length lower lpad make_date make_interval make_time make_timestamp "
    "make_timestamptz md5 now repeat replace round rpad statement_timestamp timezone to_char "
    "to_date to_jsonb to_timestamp transaction_timestamp upper ";

bool IsSteady(const QualifiedName& function) {
  const bool ours = function.schema.empty() || function.schema == "pg_catalog";
  return ours && kSteadyFunctions.find(" " + function.name + " ") != std::string_view::npos;
}

void AddCall(const TreeNode& call, std::string& calls) {
  const QualifiedName function = QualifiedNameIn(List(call, "funcname"));
  if (IsSteady(function)) return;
  if (!calls.empty()) calls += ",";
  if (!function.schema.empty()) calls += function.schema + ".";
  calls += function.name;
}

void AddCallsIn(const json::value& expression, std::string& calls) {
  if (expression.is_array()) {
    for (const json::value& element : expression.get_array()) AddCallsIn(element, calls);
  } else if (expression.is_object()) {
    for (const json::key_value_pair& member : expression.get_object()) {
      if (member.key() == "FuncCall") AddCall(As("FuncCall", expression), calls);
      AddCallsIn(member.value(), calls);
    }
  }
}

}  // namespace

std::string UnsteadyCallsIn(const json::value& expression) {
  std::string calls;
  AddCallsIn(expression, calls);
  return calls;
}

}  // namespace lockstep
