#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <numeric>

#include "base/utf8.h"

namespace lockstep {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kBlanks = " \t\r\n\f\v";

// Bytes from `begin` on that are ASCII, eight at a time: most of a script is.
std::size_t AsciiRun(std::string_view text, std::size_t begin) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080U;
  std::size_t i = begin;
  for (; i + sizeof(std::uint64_t) <= text.size(); i += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + i, sizeof(word));
    if (word & kHighBits) break;
  }
  while (i < text.size() && static_cast<signed char>(text[i]) >= 0) ++i;
  return i - begin;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

char LowerOf(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::size_t CountCharacters(std::string_view text) {
  std::size_t count = 0;
  while (!text.empty()) {
    text.remove_prefix(FirstCharacter(text).length);
    ++count;
  }
  return count;
}

// The byte after the line end that stands at `at`, which is a CR or an LF.
std::size_t AfterLineEnd(std::string_view text, std::size_t at) {
  const bool pair = text[at] == '\r' && at + 1 < text.size() && text[at + 1] == '\n';
  return at + (pair ? 2 : 1);
}

std::string EscapedCodePoint(char32_t code_point) {
  if (code_point == '\n') return "\\n";
  if (code_point == '\t') return "\\t";
  if (code_point == '\r') return "\\r";
  const auto value = static_cast<std::uint32_t>(code_point);
  return value < 0x100 ? fmt::format("\\x{:02x}", value) : fmt::format("\\u{:04x}", value);
}

// Takes a run of digits from the front, without its leading zeros.
std::string_view TakeNumber(std::string_view& text) {
  std::size_t end = 0;
  while (end < text.size() && IsDigit(text[end])) ++end;
  std::string_view number = text.substr(0, end);
  text.remove_prefix(end);
  const std::size_t significant = number.find_first_not_of('0');
  return significant == std::string_view::npos ? std::string_view{} : number.substr(significant);
}

int CompareNumbers(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  return a.compare(b);
}

int CompareNaturally(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty()) {
    if (IsDigit(a[0]) && IsDigit(b[0])) {
      const int numbers = CompareNumbers(TakeNumber(a), TakeNumber(b));
      if (numbers != 0) return numbers;
      continue;
    }
    if (a[0] != b[0]) return a.substr(0, 1).compare(b.substr(0, 1));
    a.remove_prefix(1);
    b.remove_prefix(1);
  }
  return static_cast<int>(!a.empty()) - static_cast<int>(!b.empty());
}

// Changes of one letter, or of two neighbours' order, that lead from `a` to `b` (optimal string
// alignment).
std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

}  // namespace

std::optional<std::size_t> FirstInvalidUtf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    i += AsciiRun(text, i);
    if (i == text.size()) break;
    const Utf8Character character = FirstCharacter(text.substr(i));
    if (!character.valid) return i;
    i += character.length;
  }
  return std::nullopt;
}

TextPosition PositionAt(std::string_view text, std::size_t offset) {
  offset = std::min(offset, text.size());
  TextPosition position;
  std::size_t line_start = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  std::size_t line_end = text.find_first_of("\r\n", line_start);
  while (line_end != std::string_view::npos && AfterLineEnd(text, line_end) <= offset) {
    line_start = AfterLineEnd(text, line_end);
    line_end = text.find_first_of("\r\n", line_start);
    ++position.line;
  }
  const std::string_view line = text.substr(line_start, line_end - line_start);
  position.source_line = line;
  const std::size_t before = offset > line_start ? offset - line_start : 0;
  position.column = static_cast<int>(CountCharacters(line.substr(0, before))) + 1;
  return position;
}

std::size_t ByteOfCharacter(std::string_view text, std::size_t index) {
  std::size_t byte = 0;
  for (; index > 0 && byte < text.size(); --index) byte += FirstCharacter(text.substr(byte)).length;
  return byte;
}

int DisplayWidth(std::string_view text) {
  int width = 0;
  while (!text.empty()) {
    const Utf8Character character = FirstCharacter(text);
    width += character.valid ? DisplayWidthOf(character.code_point) : 1;
    text.remove_prefix(character.length);
  }
  return width;
}

std::string Escaped(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  while (!text.empty()) {
    const Utf8Character character = FirstCharacter(text);
    if (!character.valid) {
      escaped += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
    } else if (IsControl(character.code_point)) {
      escaped += EscapedCodePoint(character.code_point);
    } else {
      escaped += text.substr(0, character.length);
    }
    text.remove_prefix(character.length);
  }
  return escaped;
}

bool IsPlain(std::string_view text) {
  const auto printable = [](char c) { return c >= ' ' && c <= '~'; };
  return std::ranges::all_of(text, printable) || Escaped(text) == text;
}

std::string_view Trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::vector<std::string> SplitTrimmed(std::string_view text, char separator) {
  std::vector<std::string> parts;
  if (Trim(text).empty()) return parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    parts.emplace_back(Trim(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return parts;
}

std::string Join(const std::vector<std::string>& parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

std::string ToLower(std::string_view ascii) {
  std::string lower(ascii);
  std::transform(lower.begin(), lower.end(), lower.begin(), LowerOf);
  return lower;
}

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return LowerOf(x) == LowerOf(y); });
}

bool NaturalLess(std::string_view a, std::string_view b) {
  const int order = CompareNaturally(a, b);
  // "a01" and "a1" are the same number: their bytes decide, so that the order is total.
  return order != 0 ? order < 0 : a < b;
}

std::optional<std::string> Nearest(std::string_view word,
                                   const std::vector<std::string>& candidates) {
  std::optional<std::string> nearest;
  std::size_t least = 0;
  for (const std::string& candidate : candidates) {
    const std::size_t limit = candidate.size() / 3;
    const std::size_t longer = std::max(word.size(), candidate.size());
    if (longer - std::min(word.size(), candidate.size()) > limit) continue;
    const std::size_t distance = EditDistance(word, candidate);
    if (distance > limit || (nearest && distance >= least)) continue;
    nearest = candidate;
    least = distance;
  }
  return nearest;
}

}  // namespace lockstep
