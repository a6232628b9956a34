// The lexical pieces of SQL, as far as finding statements and words needs them.
//
// PostgreSQL's own lexer gives nothing at all for text with psql's commands or an open quote in it.
#pragma once

#include <cstddef>
#include <string_view>

namespace lockstep {

struct SqlToken {
  enum class Type { kEnd, kBlank, kComment, kWord, kString, kQuotedName, kDollarString, kSymbol };
  Type type = Type::kEnd;
  std::size_t offset = 0;
  std::size_t length = 0;  // a symbol is one byte
  bool closed = true;  // false: a quote or comment without its end; it takes the rest of the text

  std::size_t end() const { return offset + length; }
  std::string_view TextIn(std::string_view sql) const { return sql.substr(offset, length); }
  bool IsGap() const { return type == Type::kBlank || type == Type::kComment; }
};

// The piece that starts at `offset`; kEnd at the end. Thread: any.
SqlToken NextSqlToken(std::string_view sql, std::size_t offset);

// The first piece from `offset` on that says something: no blank and no comment. Thread: any.
SqlToken NextSpeakingToken(std::string_view sql, std::size_t offset);

}  // namespace lockstep
