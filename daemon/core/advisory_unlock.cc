#include "core/advisory_unlock.h"

#include <algorithm>
#include <cstddef>

#include "base/text.h"
#include "core/sql_token.h"

namespace lockstep {
namespace {

// Bodies in bodies in bodies: deeper ones are taken to be hiding something.
constexpr int kQuoteDepth = 8;
constexpr std::string_view kUnlock = "pg_advisory_unlock";

bool MentionsUnlock(std::string_view text) {
  const auto same_letter = [](char a, char b) { return (a | 0x20) == (b | 0x20); };
  return std::search(text.begin(), text.end(), kUnlock.begin(), kUnlock.end(), same_letter) !=
         text.end();
}

bool IsUnlockName(std::string_view name) {
  return EqualIgnoringCase(name, kUnlock) || EqualIgnoringCase(name, "pg_advisory_unlock_shared") ||
         EqualIgnoringCase(name, "pg_advisory_unlock_all");
}

// What stands between the quotes; a missing end does no harm.
std::string_view Inside(std::string_view quoted) {
  const bool dollars = quoted.front() == '$';
  const std::size_t begin = (dollars ? quoted.find('$', 1) : quoted.find_first_of("'\"")) + 1;
  const std::size_t mark = dollars ? begin : 1;
  return quoted.substr(begin, std::max(quoted.size() - mark, begin) - begin);
}

bool NamesUnlock(std::string_view sql, int depth);

bool TokenNamesUnlock(const SqlToken& token, std::string_view sql, int depth) {
  using Type = SqlToken::Type;
  const std::string_view text = token.TextIn(sql);
  if (token.type == Type::kWord) return IsUnlockName(text);
  if (token.type == Type::kQuotedName) return IsUnlockName(Inside(text));
  const bool literal = token.type == Type::kString || token.type == Type::kDollarString;
  return literal && NamesUnlock(Inside(text), depth + 1);
}

bool NamesUnlock(std::string_view sql, int depth) {
  if (!MentionsUnlock(sql)) return false;
  if (depth > kQuoteDepth) return true;
  for (SqlToken token = NextSpeakingToken(sql, 0); token.type != SqlToken::Type::kEnd;
       token = NextSpeakingToken(sql, token.end())) {
    if (TokenNamesUnlock(token, sql, depth)) return true;
  }
  return false;
}

}  // namespace

bool NamesAdvisoryUnlock(std::string_view sql) { return NamesUnlock(sql, 0); }

}  // namespace lockstep
