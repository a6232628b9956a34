// One character of UTF-8 at a time, as RFC 3629 has it. For base/ only.
#pragma once

#include <cstddef>
#include <string_view>

namespace lockstep {

struct Utf8Character {
  char32_t code_point = 0;
  std::size_t length = 1;  // bytes; a byte that belongs to no character counts as one of length 1
  bool valid = false;
};

// The character at the start of `text`. REQUIRES: text is not empty.
Utf8Character FirstCharacter(std::string_view text);

// What a terminal obeys instead of showing: C0, DEL, C1, the marks that turn the writing direction,
// the line and paragraph separators, the byte order mark.
bool IsControl(char32_t code_point);

// 0, 1 or 2 columns.
int DisplayWidthOf(char32_t code_point);

}  // namespace lockstep
