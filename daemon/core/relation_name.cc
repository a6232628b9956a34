#include "core/relation_name.h"

#include <cstddef>

#include "base/text.h"

namespace lockstep {
namespace {

// The point that ends the first part; the size when there is none. Points in quotes do not count.
std::size_t EndOfFirstPart(std::string_view sql) {
  bool quoted = false;
  for (std::size_t i = 0; i < sql.size(); ++i) {
    if (sql[i] == '"') quoted = !quoted;
    if (sql[i] == '.' && !quoted) return i;
  }
  return sql.size();
}

std::string Unquoted(std::string_view part) {
  part = Trim(part);
  if (part.size() < 2 || part.front() != '"' || part.back() != '"') return ToLower(part);
  std::string name;
  for (std::size_t i = 1; i + 1 < part.size(); ++i) {
    name += part[i];
    if (part[i] == '"') ++i;  // doubled
  }
  return name;
}

}  // namespace

std::string_view LastPart(std::string_view sql) {
  const std::size_t end = EndOfFirstPart(sql);
  return end == sql.size() ? sql : sql.substr(end + 1);
}

RelationName ParseRelationName(std::string_view sql) {
  const std::size_t end = EndOfFirstPart(sql);
  if (end == sql.size()) return {"", Unquoted(sql)};
  return {Unquoted(sql.substr(0, end)), Unquoted(sql.substr(end + 1))};
}

}  // namespace lockstep
