#include "core/sql_token.h"

#include <algorithm>
#include <optional>

namespace lockstep {
namespace {

using Type = SqlToken::Type;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsBlank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool IsWordStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         (static_cast<unsigned char>(c) & 0x80U) != 0;
}

bool IsWordPart(char c) { return IsWordStart(c) || IsDigit(c) || c == '$'; }

// The first byte from `offset` on that is not `Part`.
template <typename Part>
std::size_t EndOfRun(std::string_view sql, std::size_t offset, Part part) {
  while (offset < sql.size() && part(sql[offset])) ++offset;
  return offset;
}

std::size_t EndOfLine(std::string_view sql, std::size_t offset) {
  return std::min(sql.find_first_of("\r\n", offset), sql.size());
}

struct Extent {
  std::size_t end = 0;
  bool closed = true;
};

// PostgreSQL's comments nest, unlike those of the SQL standard.
Extent EndOfBlockComment(std::string_view sql, std::size_t offset) {
  int depth = 0;
  for (std::size_t at = offset; at + 1 < sql.size(); ++at) {
    const std::string_view pair = sql.substr(at, 2);
    if (pair != "/*" && pair != "*/") continue;
    depth += pair == "/*" ? 1 : -1;
    ++at;
    if (depth == 0) return {at + 1, true};
  }
  return {sql.size(), false};
}

Extent EndOfQuoted(std::string_view sql, std::size_t offset, bool backslash_escapes) {
  const char quote = sql[offset];
  for (std::size_t at = offset + 1; at < sql.size(); ++at) {
    if (sql[at] == '\\' && backslash_escapes) {
      ++at;
      continue;
    }
    if (sql[at] != quote) continue;
    if (at + 1 == sql.size() || sql[at + 1] != quote) return {at + 1, true};
    ++at;
  }
  return {sql.size(), false};
}

// A literal goes on behind a line end with its next quote, and keeps its escapes there.
std::optional<std::size_t> ContinuingQuote(std::string_view sql, std::size_t offset) {
  bool line_ended = false;
  while (offset < sql.size()) {
    if (IsBlank(sql[offset])) {
      line_ended = line_ended || sql[offset] == '\n' || sql[offset] == '\r';
      ++offset;
    } else if (sql.substr(offset, 2) == "--") {
      offset = EndOfLine(sql, offset);
    } else {
      break;
    }
  }
  if (!line_ended || offset >= sql.size() || sql[offset] != '\'') return std::nullopt;
  return offset;
}

Extent EndOfEscapeString(std::string_view sql, std::size_t offset) {
  Extent extent = EndOfQuoted(sql, offset, true);
  while (extent.closed) {
    const std::optional<std::size_t> quote = ContinuingQuote(sql, extent.end);
    if (!quote) return extent;
    extent = EndOfQuoted(sql, *quote, true);
  }
  return extent;
}

// The length of "$tag$"; 0 when the dollar opens no quote.
std::size_t DollarTagLength(std::string_view sql, std::size_t offset) {
  std::size_t end = offset + 1;
  if (end < sql.size() && IsWordStart(sql[end])) {
    end = EndOfRun(sql, end, [](char c) { return IsWordStart(c) || IsDigit(c); });
  }
  return end < sql.size() && sql[end] == '$' ? end + 1 - offset : 0;
}

Extent EndOfDollarString(std::string_view sql, std::size_t offset, std::size_t tag_length) {
  const std::string_view tag = sql.substr(offset, tag_length);
  const std::size_t end = sql.find(tag, offset + tag_length);
  if (end == std::string_view::npos) return {sql.size(), false};
  return {end + tag_length, true};
}

SqlToken MakeToken(Type type, std::size_t offset, Extent extent) {
  return {type, offset, extent.end - offset, extent.closed};
}

}  // namespace

SqlToken NextSqlToken(std::string_view sql, std::size_t offset) {
  if (offset >= sql.size()) return {Type::kEnd, sql.size(), 0, true};
  const char c = sql[offset];
  const std::string_view pair = sql.substr(offset, 2);
  if (IsBlank(c)) return MakeToken(Type::kBlank, offset, {EndOfRun(sql, offset, IsBlank)});
  if (pair == "--") return MakeToken(Type::kComment, offset, {EndOfLine(sql, offset)});
  if (pair == "/*") return MakeToken(Type::kComment, offset, EndOfBlockComment(sql, offset));
  if (pair == "E'" || pair == "e'") {
    return MakeToken(Type::kString, offset, EndOfEscapeString(sql, offset + 1));
  }
  if (c == '\'') return MakeToken(Type::kString, offset, EndOfQuoted(sql, offset, false));
  if (c == '"') return MakeToken(Type::kQuotedName, offset, EndOfQuoted(sql, offset, false));
  if (IsWordStart(c)) return MakeToken(Type::kWord, offset, {EndOfRun(sql, offset, IsWordPart)});
  const std::size_t tag_length = c == '$' ? DollarTagLength(sql, offset) : 0;
  if (tag_length == 0) return MakeToken(Type::kSymbol, offset, {offset + 1});
  return MakeToken(Type::kDollarString, offset, EndOfDollarString(sql, offset, tag_length));
}

SqlToken NextSpeakingToken(std::string_view sql, std::size_t offset) {
  SqlToken token = NextSqlToken(sql, offset);
  while (token.IsGap()) token = NextSqlToken(sql, token.end());
  return token;
}

}  // namespace lockstep
