#include "core/data_tag.h"

#include <array>
#include <cstddef>

#include "base/text.h"
#include "core/sql_token.h"

namespace lockstep {
namespace {

// The command tag of a statement that begins with `word`, when it only reads or writes rows.
std::string_view DataTagOf(std::string_view word) {
  constexpr std::array<std::string_view, 5> kTags = {"SELECT", "INSERT", "UPDATE", "DELETE",
                                                     "MERGE"};
  for (const std::string_view tag : kTags) {
    if (EqualIgnoringCase(word, tag)) return tag;
  }
  const bool rows = EqualIgnoringCase(word, "VALUES") || EqualIgnoringCase(word, "TABLE");
  return rows ? std::string_view("SELECT") : std::string_view();
}

// The verb behind WITH's parenthesised queries.
std::string_view TagBehindWith(std::string_view sql, std::size_t offset) {
  int depth = 0;
  for (SqlToken token = NextSpeakingToken(sql, offset); token.type != SqlToken::Type::kEnd;
       token = NextSpeakingToken(sql, token.end())) {
    const std::string_view text = token.TextIn(sql);
    if (text == "(") ++depth;
    if (text == ")") --depth;
    if (depth == 0 && token.type == SqlToken::Type::kWord && !DataTagOf(text).empty()) {
      return DataTagOf(text);
    }
  }
  return "SELECT";
}

}  // namespace

std::string_view DataTagIn(std::string_view sql) {
  const SqlToken first = NextSpeakingToken(sql, 0);
  if (first.type != SqlToken::Type::kWord) return {};
  const std::string_view word = first.TextIn(sql);
  if (EqualIgnoringCase(word, "WITH")) return TagBehindWith(sql, first.end());
  return DataTagOf(word);
}

}  // namespace lockstep
