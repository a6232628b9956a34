#include "base/diagnostic.h"

#include <algorithm>
#include <cstddef>

#include "base/text.h"

namespace lockstep {
namespace {

// A longer source line is cut to this many characters around the caret.
constexpr std::size_t kShownCharacters = 120;
constexpr std::size_t kShownBeforeCaret = 60;
constexpr std::string_view kCut = "...";
constexpr std::string_view kIndent = "  ";

std::string PlaceOf(const Diagnostic& diagnostic) {
  if (diagnostic.file.empty()) return {};
  std::string place = Escaped(diagnostic.file) + ":";
  if (diagnostic.line > 0) place += std::to_string(diagnostic.line) + ":";
  if (diagnostic.line > 0 && diagnostic.column > 0) {
    place += std::to_string(diagnostic.column) + ":";
  }
  return place + " ";
}

// A tab stays one, whatever its width is where it is shown; all else is made safe to show.
std::string Shown(std::string_view text) {
  std::string shown;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t tab = std::min(text.find('\t', begin), text.size());
    if (begin > 0) shown += '\t';
    shown += Escaped(text.substr(begin, tab - begin));
    begin = tab + 1;
  }
  return shown;
}

// Blanks as wide as `shown`, with its tabs, so that the caret falls under what follows it.
std::string PaddingFor(std::string_view shown) {
  std::string padding;
  for (std::size_t begin = 0; begin <= shown.size();) {
    const std::size_t tab = std::min(shown.find('\t', begin), shown.size());
    if (begin > 0) padding += '\t';
    const int width = DisplayWidth(shown.substr(begin, tab - begin));
    padding.append(static_cast<std::size_t>(width), ' ');
    begin = tab + 1;
  }
  return padding;
}

// The source line in two pieces: before the caret and from it on.
struct Excerpt {
  std::string before;
  std::string after;
};

Excerpt ExcerptOf(std::string_view line, int column) {
  const std::size_t caret = column > 0 ? static_cast<std::size_t>(column - 1) : 0;
  const std::size_t caret_byte = ByteOfCharacter(line, caret);
  std::size_t begin = 0;
  // Every character is at least one byte: a line of few bytes needs no cut.
  if (line.size() > kShownCharacters && caret > kShownBeforeCaret) {
    begin = ByteOfCharacter(line, caret - kShownBeforeCaret);
  }
  const std::size_t end = begin + ByteOfCharacter(line.substr(begin), kShownCharacters);
  Excerpt excerpt;
  if (begin > 0) excerpt.before = kCut;
  excerpt.before += Shown(line.substr(begin, std::max(caret_byte, begin) - begin));
  if (caret_byte < end) excerpt.after = Shown(line.substr(caret_byte, end - caret_byte));
  if (end < line.size()) excerpt.after += kCut;
  return excerpt;
}

std::string SourceText(const Diagnostic& diagnostic) {
  if (diagnostic.source_line.empty()) return {};
  const Excerpt excerpt = ExcerptOf(diagnostic.source_line, diagnostic.column);
  std::string text = std::string(kIndent) + excerpt.before + excerpt.after + "\n";
  if (diagnostic.column < 1) return text;
  return text + std::string(kIndent) + PaddingFor(excerpt.before) + "^\n";
}

}  // namespace

std::string_view NameOf(Severity severity) {
  switch (severity) {
    case Severity::kError:
      return "error";
    case Severity::kWarning:
      return "warning";
    case Severity::kNote:
      return "note";
  }
  return "error";
}

bool HasErrors(const Diagnostics& diagnostics) {
  return std::any_of(diagnostics.begin(), diagnostics.end(), [](const Diagnostic& diagnostic) {
    return diagnostic.severity == Severity::kError;
  });
}

std::string ToText(const Diagnostic& diagnostic) {
  std::string text = PlaceOf(diagnostic);
  text += NameOf(diagnostic.severity);
  text += ": " + Escaped(diagnostic.message);
  if (!diagnostic.code.empty()) text += " [" + Escaped(diagnostic.code) + "]";
  text += "\n" + SourceText(diagnostic);
  if (!diagnostic.hint.empty()) text += "  hint: " + Escaped(diagnostic.hint) + "\n";
  return text;
}

}  // namespace lockstep
