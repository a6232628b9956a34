#include "core/goal.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "base/text.h"

namespace lockstep {
namespace {

using Anchor = Goal::Anchor;

constexpr std::array<std::pair<std::string_view, Anchor>, 4> kWords = {
    {{"head", Anchor::kHead},
     {"heads", Anchor::kHeads},
     {"base", Anchor::kBase},
     {"current", Anchor::kCurrent}}};

Diagnostic NotUnderstood(std::string_view text, std::string why) {
  std::vector<std::string> words;
  for (const auto& [word, anchor] : kWords) words.emplace_back(word);
  const auto nearest = Nearest(ToLower(Trim(text)), words);

  Diagnostic diagnostic;
  diagnostic.code = "bad-goal";
  diagnostic.message = "the goal \"" + std::string(text) + "\" is not understood: " + why;
  diagnostic.hint =
      (nearest ? "did you mean \"" + *nearest + "\"? " : std::string()) +
      "a goal is \"head\", \"heads\", \"base\", \"current\", a revision or the beginning of one, "
      "\"+N\" or \"-N\" from where the database stands, or REV+N, REV-N, head-N, base+N";
  return diagnostic;
}

// What may stand in a revision; migration_file.cc keeps all else out of the files.
bool IsRevisionByte(char c) {
  const bool is_control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  return !is_control && std::string_view(" @+-:,").find(c) == std::string_view::npos;
}

// "+2" or "-1"; nothing when that is no number of steps.
std::optional<int> ParseOffset(std::string_view text) {
  const char* begin = text.data() + (text.front() == '+' ? 1 : 0);
  const char* end = text.data() + text.size();
  int offset = 0;
  const auto [stop, error] = std::from_chars(begin, end, offset);
  const bool has_second_sign = text.starts_with("+-");
  if (error != std::errc() || stop != end || offset == 0 || has_second_sign) return std::nullopt;
  return offset;
}

Anchor AnchorOf(std::string_view word) {
  if (word.empty()) return Anchor::kCurrent;
  const auto* known = std::ranges::find(kWords, word, &std::pair<std::string_view, Anchor>::first);
  return known == kWords.end() ? Anchor::kRevision : known->second;
}

// Why this goal cannot be; empty when it can.
std::string_view Contradiction(const Goal& goal) {
  if (goal.anchor == Anchor::kHeads && goal.offset != 0) {
    return "\"heads\" may be several, and steps are counted from one";
  }
  if (goal.anchor == Anchor::kHead && goal.offset > 0) return "nothing comes after the head";
  if (goal.anchor == Anchor::kBase && goal.offset < 0) return "nothing comes before the base";
  return {};
}

}  // namespace

std::variant<Goal, Diagnostic> ParseGoal(std::string_view text) {
  if (text.empty()) return NotUnderstood(text, "it is empty");
  const std::string_view word = text.substr(0, text.find_first_of("+-"));
  const std::string_view steps = text.substr(word.size());
  if (!std::ranges::all_of(word, IsRevisionByte)) {
    return NotUnderstood(text, "no revision has blanks, control characters, \"@\", \":\" or \",\"");
  }

  Goal goal;
  goal.anchor = AnchorOf(word);
  if (goal.anchor == Anchor::kRevision) goal.revision = word;
  if (!steps.empty()) {
    const std::optional<int> offset = ParseOffset(steps);
    if (!offset) return NotUnderstood(text, "its end is no number of steps");
    goal.offset = *offset;
  }
  const std::string_view contradiction = Contradiction(goal);
  if (!contradiction.empty()) return NotUnderstood(text, std::string(contradiction));
  return goal;
}

std::string ToText(const Goal& goal) {
  std::string text = goal.revision;
  for (const auto& [word, anchor] : kWords) {
    if (goal.anchor == anchor) text = word;
  }
  if (goal.offset == 0) return text;
  if (goal.anchor == Anchor::kCurrent) text.clear();
  return text + (goal.offset > 0 ? "+" : "") + std::to_string(goal.offset);
}

}  // namespace lockstep
