// new, repair, resolve, adopt alembic: what was written to the folder or the history.
#include <fmt/format.h>

#include <algorithm>

#include "base/document.h"
#include "base/text.h"
#include "cli/page.h"
#include "cli/wording.h"

namespace lockstep {
namespace {

constexpr std::size_t kShortChecksum = 12;

std::string Short(const std::string& checksum) {
  return checksum.empty() ? "none" : checksum.substr(0, kShortChecksum);
}

Tone ToneOfDiffLine(std::string_view line) {
  if (line.starts_with('+')) return Tone::kGood;
  return line.starts_with('-') ? Tone::kBad : Tone::kPlain;
}

void PrintDiff(std::string_view diff, Page& page) {
  const auto lines = SafeLines(diff);
  for (std::size_t begin = 0; begin < lines.size();) {
    const auto end = lines.find('\n', begin);
    const auto line = std::string_view(lines).substr(begin, end - begin);
    page.data += page.paint(ToneOfDiffLine(line), line) + "\n";
    begin = end + 1;
  }
}

void AddHalf(const json::object& repair, std::string_view half, TextTable& table) {
  const auto& script = ObjectAt(repair, half);
  if (!TrueAt(script, "changed")) return;
  table.Add({{"changed", Tone::kWaiting},
             TextAt(repair, "revision"),
             std::string(half),
             Short(TextAt(script, "recorded")) + " -> " + Short(TextAt(script, "folder"))});
}

void AddParents(const json::object& repair, TextTable& table) {
  const auto& parents = ObjectAt(repair, "parents");
  if (!TrueAt(parents, "changed")) return;
  table.Add({{"changed", Tone::kWaiting},
             TextAt(repair, "revision"),
             "parents",
             RevisionsOrBase(parents, "recorded") + " -> " + RevisionsOrBase(parents, "folder")});
}

}  // namespace

void PrintNew(const json::object& document, Page& page) {
  for (const auto* key : {"up", "down"}) {
    if (const auto path = TextAt(document, key); !path.empty()) page.data += Escaped(path) + "\n";
  }
}

void PrintRepair(const json::object& document, Page& page) {
  TextTable table(page.paint);
  for (const auto& repair : ObjectsAt(document, "repairs")) {
    AddHalf(repair, "up", table);
    AddHalf(repair, "down", table);
    AddParents(repair, table);
  }
  page.data += table.Text();
  // The person who was asked has seen the differences with the question.
  if (!page.verbose) return;
  for (const auto& repair : ObjectsAt(document, "repairs")) {
    PrintDiff(TextAt(ObjectAt(repair, "down"), "difference"), page);
  }
}

void PrintResolve(const json::object& document, Page& page) {
  page.data +=
      Escaped(fmt::format("{}: statement {} is recorded as {}", TextAt(document, "revision"),
                          WholeAt(document, "statement"), WithBlanks(TextAt(document, "as")))) +
      "\n";
}

void PrintAdoptAlembic(const json::object& document, Page& page) {
  TextTable table(page.paint);
  for (const auto& revision : TextsAt(document, "adopted")) {
    table.Add({{"adopted", Tone::kGood}, revision});
  }
  page.data += table.Text();
  page.data +=
      Escaped(TextAt(document, "table") + " says " + RevisionsOrBase(document, "alembic_heads")) +
      "\n";
}

}  // namespace lockstep
