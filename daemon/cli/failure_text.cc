#include "cli/failure_text.h"

#include <algorithm>
#include <string_view>

#include "base/diagnostic.h"
#include "base/document.h"
#include "base/text.h"
#include "cli/wording.h"

namespace lockstep {
namespace {

Severity SeverityOf(std::string_view name) {
  if (name == NameOf(Severity::kWarning)) return Severity::kWarning;
  if (name == NameOf(Severity::kNote)) return Severity::kNote;
  return Severity::kError;
}

// Paints the first "error:" or "warning:", which stands after the place.
std::string Painted(const std::string& text, Severity severity, const Paint& paint) {
  const std::string word = std::string(NameOf(severity)) + ":";
  const auto at = text.find(word);
  if (at == std::string::npos || severity == Severity::kNote) return text;
  const Tone tone = severity == Severity::kError ? Tone::kBad : Tone::kWaiting;
  return text.substr(0, at) + paint(tone, word) + text.substr(at + word.size());
}

Diagnostic PlaceOf(const json::object& document) {
  Diagnostic diagnostic;
  diagnostic.file = TextAt(document, "file");
  diagnostic.line = static_cast<int>(WholeAt(document, "line"));
  diagnostic.column = static_cast<int>(WholeAt(document, "column"));
  diagnostic.message = TextAt(document, "message");
  diagnostic.source_line = TextAt(document, "source_line");
  return diagnostic;
}

// "DETAIL: ..." with further lines below it; nothing for a field that PostgreSQL did not send.
std::string Field(const json::object& failure, std::string_view key, std::string_view name,
                  const Paint& paint) {
  const auto text = TextAt(failure, key);
  if (text.empty()) return "";
  return paint(Tone::kDim, std::string(name) + ":") + " " + SafeLines(text);
}

std::string OutcomeOf(const json::object& failure) {
  const auto outcome = TextAt(failure, "outcome");
  return outcome.empty() ? "failed" : WithBlanks(outcome);
}

std::string MessageOf(const json::object& failure) {
  const auto message = TextAt(failure, "message");
  return message.empty()
             ? "the migration '" + TextAt(failure, "revision") + "' is " + OutcomeOf(failure)
             : message;
}

// An attempt is of the past: "the rollback of b failed at 2026-11-22 18:20:38". Nothing for a
// failure of this run.
std::string HeadingOf(const json::object& failure, const Paint& paint) {
  const auto at = TextAt(failure, "finished_at");
  if (at.empty()) return "";
  const auto outcome = OutcomeOf(failure);
  const std::string ending = outcome == "failed"    ? "failed"
                             : outcome == "unknown" ? "was interrupted"
                                                    : "was " + outcome;
  const std::string what = TextAt(failure, "direction") == "down" ? "the rollback of " : "";
  return paint(Tone::kStrong, Escaped(what + TextAt(failure, "revision") + " " + ending + " at " +
                                      ShortTime(at) + ":")) +
         "\n";
}

}  // namespace

std::string DiagnosticText(const json::object& diagnostic, const Paint& paint) {
  Diagnostic shown = PlaceOf(diagnostic);
  shown.severity = SeverityOf(TextAt(diagnostic, "severity"));
  shown.code = Escaped(TextAt(diagnostic, "code"));
  shown.hint = TextAt(diagnostic, "hint");
  return Painted(ToText(shown), shown.severity, paint);
}

std::string FailureText(const json::object& failure, const Paint& paint) {
  Diagnostic shown = PlaceOf(failure);
  shown.code = Escaped(TextAt(failure, "sqlstate"));
  shown.message = MessageOf(failure);
  std::string text = HeadingOf(failure, paint);
  text += Painted(ToText(shown), shown.severity, paint);
  text += Field(failure, "detail", "DETAIL", paint);
  text += Field(failure, "hint", "HINT", paint);
  text += Field(failure, "context", "CONTEXT", paint);
  for (const auto& blocker : TextsAt(failure, "blockers")) {
    text += paint(Tone::kDim, "blocked by:") + " " + SafeLines(blocker);
  }
  return text;
}

std::string ErrorText(const json::object& error, const Paint& paint) {
  // Other programs' words may have several lines; the first one is the error.
  const auto message = TextAt(error, "message");
  const auto first_end = std::min(message.find('\n'), message.size());
  Diagnostic shown;
  shown.message = message.substr(0, first_end);
  shown.code = Escaped(TextAt(error, "sqlstate"));
  std::string text = Painted(ToText(shown), shown.severity, paint);
  if (first_end < message.size()) text += SafeLines(message.substr(first_end + 1));
  const auto hint = TextAt(error, "hint");
  return hint.empty() ? text : text + "  hint: " + Escaped(hint) + "\n";
}

}  // namespace lockstep
