#include "core/not_null_proof.h"

#include <string>

#include "core/statement_tree.h"

namespace lockstep {
namespace {

bool IsColumn(const json::value& expression, std::string_view column) {
  return QualifiedNameIn(List(As("ColumnRef", expression), "fields")).name == column;
}

bool Proves(const json::value& expression, std::string_view column) {
  const TreeNode& test = As("NullTest", expression);
  if (Word(test, "nulltesttype") == "IS_NOT_NULL") {
    const json::value* tested = test.if_contains("arg");
    return tested != nullptr && IsColumn(*tested, column);
  }
  const TreeNode& joined = As("BoolExpr", expression);
  return Word(joined, "boolop") == "AND_EXPR" &&
         AnyOf(List(joined, "args"),
               [column](const json::value& part) { return Proves(part, column); });
}

}  // namespace

bool ProvesNotNull(std::string_view check, std::string_view column) {
  const auto tree = StatementTree::Parse("select " + std::string(check));
  if (!tree) return false;
  return AnyOf(List(tree->node(), "targetList"), [column](const json::value& target) {
    const json::value* expression = As("ResTarget", target).if_contains("val");
    return expression != nullptr && Proves(*expression, column);
  });
}

}  // namespace lockstep
