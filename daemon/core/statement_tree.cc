#include "core/statement_tree.h"

#include <pg_query.h>

#include <cstddef>

#include "base/text.h"
#include "core/sql_token.h"

namespace lockstep {
namespace {

// libpg_query recurses for each operator of a chain and would overrun the stack on some 100,000 of
// them; 64 KiB of text cannot hold as many. Its JSON nests two levels for each.
constexpr std::size_t kParsedBytes = 64 * 1024;
constexpr std::size_t kJsonDepth = 5000;

// The parse tree's JSON; empty when the grammar refuses the statement.
std::string ParseTreeOf(const std::string& sql) {
  const PgQueryParseResult result = pg_query_parse(sql.c_str());
  std::string tree = result.error == nullptr ? result.parse_tree : "";
  pg_query_free_parse_result(result);
  return tree;
}

std::optional<json::value> ParseToJson(const std::string& sql) {
  json::parse_options options;
  options.max_depth = kJsonDepth;
  options.allow_invalid_utf8 = true;
  json::error_code failure;
  json::value tree = json::parse(ParseTreeOf(sql), failure, {}, options);
  if (failure) return std::nullopt;
  return tree;
}

// The same statement with its long literals emptied: function bodies tell nothing about the kind.
std::string WithoutLongLiterals(std::string_view sql) {
  constexpr std::size_t kLong = 128;
  std::string shorter;
  for (SqlToken token = NextSqlToken(sql, 0); token.type != SqlToken::Type::kEnd;
       token = NextSqlToken(sql, token.end())) {
    const bool literal =
        token.type == SqlToken::Type::kString || token.type == SqlToken::Type::kDollarString;
    if (token.IsGap()) {
      shorter += ' ';
    } else if (literal && token.length > kLong) {
      shorter += "''";
    } else {
      shorter += token.TextIn(sql);
    }
  }
  return shorter;
}

std::string_view StringOf(const json::value& wrapped) {
  return Word(As("String", wrapped), "sval");
}

// The option `name` of "(FULL, VERBOSE OFF)" or "WITH (connect = false)", or null.
const TreeNode* OptionNamed(const json::array& options, std::string_view name) {
  for (const json::value& option : options) {
    const TreeNode& element = As("DefElem", option);
    if (Word(element, "defname") == name) return &element;
  }
  return nullptr;
}

// A bare word such as `off` is a type's name to the grammar.
std::string WordOfArgument(const json::value& argument) {
  const json::array& names = List(As("TypeName", argument), "names");
  return ToLower(StringOf(names.empty() ? argument : names.back()));
}

bool SaysNo(const TreeNode& option) {
  const json::value* argument = option.if_contains("arg");
  if (argument == nullptr || !argument->is_object()) return false;
  const std::string word = WordOfArgument(*argument);
  // Zero is left out, as every default is.
  const bool zero =
      argument->get_object().contains("Integer") && !As("Integer", *argument).contains("ival");
  return word == "false" || word == "off" || zero;
}

}  // namespace

std::optional<StatementTree> StatementTree::Parse(std::string_view sql) {
  const std::string text = sql.size() <= kParsedBytes ? std::string(sql) : WithoutLongLiterals(sql);
  if (text.size() > kParsedBytes) return std::nullopt;
  std::optional<json::value> parsed = ParseToJson(text);
  if (!parsed) return std::nullopt;
  StatementTree tree(std::move(*parsed));
  const TreeNode& wrapped = tree.Wrapped();
  if (wrapped.empty() || !wrapped.begin()->value().is_object()) return std::nullopt;
  return tree;
}

std::string_view StatementTree::type() const {
  const json::string_view type = Wrapped().begin()->key();
  return {type.data(), type.size()};
}

const TreeNode& StatementTree::node() const { return Wrapped().begin()->value().get_object(); }

const TreeNode& StatementTree::Wrapped() const {
  static const TreeNode kNone;
  if (!tree_.is_object()) return kNone;
  const json::array& statements = List(tree_.get_object(), "stmts");
  const bool has_one = !statements.empty() && statements.front().is_object();
  return has_one ? Child(statements.front().get_object(), "stmt") : kNone;
}

const TreeNode& Child(const TreeNode& node, std::string_view key) {
  static const TreeNode kNone;
  const json::value* value = node.if_contains(key);
  return value != nullptr && value->is_object() ? value->get_object() : kNone;
}

const json::array& List(const TreeNode& node, std::string_view key) {
  static const json::array kNone;
  const json::value* value = node.if_contains(key);
  return value != nullptr && value->is_array() ? value->get_array() : kNone;
}

std::string_view Word(const TreeNode& node, std::string_view key) {
  const json::value* value = node.if_contains(key);
  if (value == nullptr || !value->is_string()) return {};
  return {value->get_string().data(), value->get_string().size()};
}

bool Flag(const TreeNode& node, std::string_view key) {
  const json::value* value = node.if_contains(key);
  return value != nullptr && value->is_bool() && value->get_bool();
}

// The content of {"Type": {...}} when it has that type; otherwise an empty one.
const TreeNode& As(std::string_view type, const json::value& wrapped) {
  static const TreeNode kNone;
  return wrapped.is_object() ? Child(wrapped.get_object(), type) : kNone;
}

bool HasOption(const json::array& options, std::string_view name) {
  return OptionNamed(options, name) != nullptr;
}

bool IsOn(const json::array& options, std::string_view name) {
  const TreeNode* option = OptionNamed(options, name);
  return option != nullptr && !SaysNo(*option);
}

bool IsOff(const json::array& options, std::string_view name) {
  const TreeNode* option = OptionNamed(options, name);
  return option != nullptr && SaysNo(*option);
}

QualifiedName QualifiedNameIn(const json::array& parts) {
  QualifiedName result;
  if (!parts.empty()) result.name = StringOf(parts.back());
  if (parts.size() > 1) result.schema = StringOf(parts[parts.size() - 2]);
  return result;
}

}  // namespace lockstep
