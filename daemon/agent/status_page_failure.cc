#include "agent/status_page_parts.h"
#include "base/document.h"

namespace lockstep {
namespace {

// "migrations/x.up.sql:12:8", as compilers write it; lines and columns count from 1.
std::string PlaceOf(const json::object& document) {
  std::string place = TextAt(document, "file");
  if (place.empty()) return place;
  if (const auto line = WholeAt(document, "line"); line > 0) {
    place += ":" + std::to_string(line);
    const auto column = WholeAt(document, "column");
    if (column > 0) place += ":" + std::to_string(column);
  }
  return place;
}

Html SourceLine(const json::object& document) {
  const std::string line = TextAt(document, "source_line");
  return line.empty() ? Html() : Element("pre", Code(line));
}

Html Lines(std::string_view text) {
  return text.empty() ? Html() : Element("span", {{"class", "lines"}}, text);
}

Html Quoted(std::string_view text) { return text.empty() ? Html() : Code(text); }

Html BlockerList(const json::object& failure) {
  Html items;
  for (const std::string& text : TextsAt(failure, "blockers")) items += Element("li", text);
  return items.empty() ? items : Element("ul", items);
}

// "the rollback of 0004 was deferred"; nothing for an error that belongs to no revision.
Html WhatHappened(const json::object& failure) {
  const std::string revision = TextAt(failure, "revision");
  if (revision.empty()) return {};
  const std::string outcome = TextAt(failure, "outcome");
  const std::string ending = outcome == "failed"    ? " failed"
                             : outcome == "unknown" ? " was interrupted"
                                                    : " was " + WithBlanks(outcome);
  const bool down = TextAt(failure, "direction") == "down";
  return Html(down ? "the rollback of " : "") + Code(revision) + ending;
}

std::string AttemptsOf(const json::object& failure) {
  const auto attempts = WholeAt(failure, "attempts");
  if (attempts == 0) return "";
  std::string text = std::to_string(attempts) + (attempts == 1 ? " attempt" : " attempts");
  text += ", " + InWords(NumberAt(failure, "duration_seconds"));
  const double waited = NumberAt(failure, "lock_wait_seconds");
  return waited > 0 ? text + ", of it " + InWords(waited) + " for table locks" : text;
}

std::string WorkerOf(const json::object& failure) {
  const std::string host = TextAt(failure, "host");
  if (host.empty()) return "";
  const std::string version = TextAt(failure, "version");
  return host + ", pid " + std::to_string(WholeAt(failure, "pid")) +
         (version.empty() ? "" : ", version " + version);
}

Html Heading(const json::object& failure) {
  Html heading = WhatHappened(failure);
  const std::string at = TextAt(failure, "finished_at");
  if (!at.empty()) heading += (heading.empty() ? Html("at ") : Html(" at ")) + Time(at);
  return heading.empty() ? heading : Element("p", {{"class", "what"}}, heading);
}

Html Message(const json::object& failure) {
  const std::string message = TextAt(failure, "message");
  const std::string code = TextAt(failure, "sqlstate");
  if (message.empty() && code.empty()) return {};
  Html text = Element("strong", message);
  if (!code.empty()) text += " [" + Html(code) + "]";
  return Element("p", {{"class", "message lines"}}, text);
}

Html Diagnostic(const json::object& diagnostic) {
  const std::string place = PlaceOf(diagnostic);
  Html text = Badge(TextAt(diagnostic, "severity")) + " ";
  if (!place.empty()) text += Code(place) + " ";
  text += Element("span", {{"class", "lines"}}, TextAt(diagnostic, "message"));
  const std::string code = TextAt(diagnostic, "code");
  if (!code.empty()) text += " [" + Html(code) + "]";
  const std::string hint = TextAt(diagnostic, "hint");
  return Element("li", Element("p", text) + SourceLine(diagnostic) +
                           (hint.empty() ? Html() : Element("p", "hint: " + Lines(hint))));
}

}  // namespace

Html FailurePart(const json::object& failure) {
  if (failure.empty()) return {};
  return Element("div", {{"class", "failure"}},
                 Heading(failure) + Message(failure) + SourceLine(failure) +
                     Facts("small", {{"place", Quoted(PlaceOf(failure))},
                                     {"statement", TextAt(failure, "statement")},
                                     {"detail", Lines(TextAt(failure, "detail"))},
                                     {"hint", Lines(TextAt(failure, "hint"))},
                                     {"context", Lines(TextAt(failure, "context"))},
                                     {"schema", Quoted(TextAt(failure, "schema"))},
                                     {"table", Quoted(TextAt(failure, "table"))},
                                     {"constraint", Quoted(TextAt(failure, "constraint"))},
                                     {"blocked by", BlockerList(failure)},
                                     {"tried", AttemptsOf(failure)},
                                     {"by", WorkerOf(failure)}}));
}

Html DiagnosticsPart(const json::object& document) {
  Html items;
  for (const json::object& one : ObjectsAt(document, "diagnostics")) items += Diagnostic(one);
  return items.empty() ? items : Element("ul", {{"class", "diagnostics"}}, items);
}

}  // namespace lockstep
