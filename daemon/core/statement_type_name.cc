#include "core/statement_type_name.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace lockstep {
namespace {

// Those that the grammar does not put into pg_catalog by itself, as it does with int and varchar.
constexpr std::array<std::string_view, 45> kBuiltInTypes = {
    "aclitem",   "bool",      "box",         "bpchar",   "bytea",   "char",     "cidr",
    "circle",    "date",      "float4",      "float8",   "inet",    "int2",     "int4",
    "int4range", "int8",      "int8range",   "interval", "json",    "jsonb",    "jsonpath",
    "line",      "lseg",      "macaddr",     "macaddr8", "money",   "name",     "numeric",
    "numrange",  "oid",       "path",        "pg_lsn",   "point",   "polygon",  "regclass",
    "text",      "timestamp", "timestamptz", "timetz",   "tsquery", "tsvector", "uuid",
    "varbit",    "varchar",   "xml",
};

constexpr std::array<std::string_view, 6> kSerialTypes = {
    "serial", "bigserial", "smallserial", "serial2", "serial4", "serial8",
};

template <typename Names>
bool Has(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string QuotedPart(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

// PostgreSQL's own read as they are usually written; "char" is another type than char.
std::string NameText(const QualifiedName& name, bool built_in) {
  if (built_in) return name.name == "char" ? "\"char\"" : name.name;
  return (name.schema.empty() ? "" : QuotedPart(name.schema) + ".") + QuotedPart(name.name);
}

// A number, or a word such as the Point of geometry(Point).
std::optional<std::string> ModifierText(const json::value& modifier) {
  const TreeNode& constant = As("A_Const", modifier);
  if (constant.contains("ival")) {
    const json::value* number = Child(constant, "ival").if_contains("ival");
    return number == nullptr ? "0" : json::serialize(*number);
  }
  const json::array& fields = List(As("ColumnRef", modifier), "fields");
  if (fields.size() != 1) return std::nullopt;
  return QuotedPart(QualifiedNameIn(fields).name);
}

std::optional<std::string> ModifiersText(const json::array& modifiers) {
  std::string text;
  for (const json::value& modifier : modifiers) {
    const std::optional<std::string> one = ModifierText(modifier);
    if (!one) return std::nullopt;
    text += (text.empty() ? "(" : ", ") + *one;
  }
  return text.empty() ? text : text + ")";
}

}  // namespace

std::string TypeText(const TreeNode& type_name) {
  const QualifiedName name = QualifiedNameIn(List(type_name, "names"));
  const json::array& modifiers = List(type_name, "typmods");
  // Its modifiers are a mask of fields and a precision, which no cast takes.
  if (name.name == "interval" && !modifiers.empty()) return {};
  const std::optional<std::string> modified = ModifiersText(modifiers);
  if (!modified) return {};
  std::string text = NameText(name, IsBuiltInType(type_name)) + *modified;
  for (std::size_t i = 0; i < List(type_name, "arrayBounds").size(); ++i) text += "[]";
  return text;
}

bool IsBuiltInType(const TreeNode& type_name) {
  const QualifiedName name = QualifiedNameIn(List(type_name, "names"));
  if (name.schema == "pg_catalog") return true;
  return name.schema.empty() && (Has(kBuiltInTypes, name.name) || IsSerialType(type_name));
}

bool IsSerialType(const TreeNode& type_name) {
  return Has(kSerialTypes, QualifiedNameIn(List(type_name, "names")).name);
}

}  // namespace lockstep
