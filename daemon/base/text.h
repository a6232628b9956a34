// Small things about text: UTF-8, positions, lists, likeness. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

// The first byte that is not part of well-formed UTF-8 (RFC 3629: no surrogates, no overlong
// forms).
std::optional<std::size_t> FirstInvalidUtf8(std::string_view text);

// A place in a text as people count: lines and columns from 1, columns in characters.
struct TextPosition {
  int line = 1;
  int column = 1;
  std::string source_line;  // without its line end
};

// The place of byte `offset`; an offset past the end means the end. CRLF, CR-less and a last line
// without an end are all fine; a BOM takes no column.
TextPosition PositionAt(std::string_view text, std::size_t offset);

// The byte at which character number `index` (from 0) of valid UTF-8 starts; the size when past the
// end. PostgreSQL counts error positions in characters.
std::size_t ByteOfCharacter(std::string_view text, std::size_t index);

// Columns that `text` takes on a terminal (East Asian wide characters take two, combining ones
// none).
int DisplayWidth(std::string_view text);

// The text with control characters and broken UTF-8 shown as \n, \t, \x1b: safe for a terminal.
std::string Escaped(std::string_view text);
bool IsPlain(std::string_view text);  // Escaped would change nothing

std::string_view Trim(std::string_view text);
// Pieces between separators, trimmed; "" has none.
std::vector<std::string> SplitTrimmed(std::string_view text, char separator);
std::string Join(const std::vector<std::string>& parts, std::string_view separator);
std::string ToLower(std::string_view ascii);
// ASCII letters alike, whatever their case.
bool EqualIgnoringCase(std::string_view a, std::string_view b);

// "a2" before "a10": runs of digits compare as numbers, the rest as bytes.
bool NaturalLess(std::string_view a, std::string_view b);

// The candidate that is at most a third of its letters away from `word`, for "did you mean".
std::optional<std::string> Nearest(std::string_view word,
                                   const std::vector<std::string>& candidates);

}  // namespace lockstep
