#include "cli/wording.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "base/document.h"
#include "base/text.h"
#include "core/duration.h"

namespace lockstep {
namespace {

template <std::size_t N>
bool IsAmong(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string SafeLine(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  std::string safe;
  for (std::size_t begin = 0; begin <= line.size();) {
    const auto tab = std::min(line.find('\t', begin), line.size());
    if (begin > 0) safe += '\t';
    safe += Escaped(line.substr(begin, tab - begin));
    begin = tab + 1;
  }
  return safe;
}

}  // namespace

Tone ToneOfState(std::string_view state) {
  static constexpr std::array<std::string_view, 7> kGood = {
      "applied", "at_head", "done", "nothing_to_do", "reached", "rolled_back", "stamped"};
  static constexpr std::array<std::string_view, 9> kWaiting = {
      "pending", "ahead", "deferred", "stopped", "busy", "started", "timeout", "empty", "warning"};
  static constexpr std::array<std::string_view, 7> kBad = {
      "failed", "changed", "missing", "invalid", "error", "interrupted", "extra"};
  if (IsAmong(state, kGood)) return Tone::kGood;
  if (IsAmong(state, kWaiting)) return Tone::kWaiting;
  return IsAmong(state, kBad) ? Tone::kBad : Tone::kPlain;
}

std::string InSeconds(double seconds) {
  return ToText(std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds)));
}

std::string ShortTime(std::string_view iso) {
  std::string time(iso.substr(0, iso.find('Z')));
  std::replace(time.begin(), time.end(), 'T', ' ');
  return time;
}

std::string WithBlanks(std::string_view name) {
  std::string words(name);
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

std::string RevisionsOrBase(const json::object& document, std::string_view key) {
  const auto revisions = TextsAt(document, key);
  return revisions.empty() ? "base" : Join(revisions, ", ");
}

std::string SafeLines(std::string_view text) {
  std::string safe;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    safe += SafeLine(text.substr(0, end)) + "\n";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return safe;
}

}  // namespace lockstep
