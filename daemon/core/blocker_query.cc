#include "core/blocker_query.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/hash.h"
#include "base/text.h"
#include "core/sql_token.h"

namespace lockstep {
namespace {

constexpr std::array<std::pair<std::string_view, QueryDisclosure>, 4> kNames = {{
    {"without_constants", QueryDisclosure::kWithoutConstants},
    {"text", QueryDisclosure::kText},
    {"hash", QueryDisclosure::kHash},
    {"off", QueryDisclosure::kOff},
}};

bool IsDigit(const SqlToken& token, std::string_view sql) {
  const char first = token.TextIn(sql).front();
  return token.type == SqlToken::Type::kSymbol && first >= '0' && first <= '9';
}

bool IsConstant(const SqlToken& token, std::string_view sql) {
  using enum SqlToken::Type;
  return token.type == kString || token.type == kDollarString || IsDigit(token, sql);
}

// Comments go too: people paste values into them. The digits of a number are symbols each, and what
// stands right behind them, as in 0xFF or 1e10, is a word.
std::string WithoutConstants(std::string_view sql) {
  std::string shown;
  for (SqlToken token = NextSqlToken(sql, 0); token.type != SqlToken::Type::kEnd;
       token = NextSqlToken(sql, token.end())) {
    if (token.type == SqlToken::Type::kComment) continue;
    const bool in_number = shown.ends_with('?') && token.type == SqlToken::Type::kWord;
    const bool constant = in_number || IsConstant(token, sql);
    if (constant && !shown.ends_with('?')) shown += '?';
    if (!constant) shown += token.TextIn(sql);
  }
  return std::string(Trim(shown));
}

}  // namespace

std::optional<QueryDisclosure> QueryDisclosureNamed(std::string_view name) {
  for (const auto& [known, disclosure] : kNames) {
    if (known == name) return disclosure;
  }
  return {};
}

std::string_view NameOf(QueryDisclosure disclosure) {
  for (const auto& [name, known] : kNames) {
    if (known == disclosure) return name;
  }
  return {};
}

std::string Disclosed(std::string_view query, QueryDisclosure how) {
  if (query.empty() || how == QueryDisclosure::kOff) return {};
  if (how == QueryDisclosure::kText) return std::string(query);
  if (how == QueryDisclosure::kHash) return "sha256:" + Sha256(query).substr(0, 16);
  return WithoutConstants(query);
}

std::vector<Blocker> Disclosed(std::vector<Blocker> blockers, QueryDisclosure how) {
  for (Blocker& blocker : blockers) blocker.query = Disclosed(blocker.query, how);
  return blockers;
}

}  // namespace lockstep
