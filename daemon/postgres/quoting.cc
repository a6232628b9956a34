#include "postgres/quoting.h"

namespace lockstep {
namespace {

std::string Doubled(std::string_view text, char mark) {
  std::string doubled;
  doubled.reserve(text.size() + 2);
  for (const char c : text) {
    if (c == mark) doubled += c;
    doubled += c;
  }
  return doubled;
}

}  // namespace

std::string QuoteIdentifier(std::string_view name) { return '"' + Doubled(name, '"') + '"'; }

std::string QuoteLiteral(std::string_view text) {
  const std::string quotes = Doubled(text, '\'');
  if (text.find('\\') == std::string_view::npos) return '\'' + quotes + '\'';
  return "E'" + Doubled(quotes, '\\') + '\'';
}

std::string QuoteArray(const std::vector<std::string>& texts) {
  std::string list;
  for (const std::string& text : texts) list += (list.empty() ? "" : ",") + QuoteLiteral(text);
  return "array[" + list + "]::pg_catalog.text[]";
}

std::string QuoteTable(std::string_view qualified) {
  const auto point = qualified.find('.');
  if (point == std::string_view::npos) return "\"public\"." + QuoteIdentifier(qualified);
  return QuoteIdentifier(qualified.substr(0, point)) + '.' +
         QuoteIdentifier(qualified.substr(point + 1));
}

}  // namespace lockstep
