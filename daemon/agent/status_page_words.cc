#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>

#include "agent/status_page_parts.h"
#include "base/clock.h"
#include "base/document.h"
#include "core/duration.h"

namespace lockstep {
namespace {

struct MarkedState {
  std::string_view state;
  StateMark mark;
};

constexpr std::array kMarks = std::to_array<MarkedState>({
    {"applied", {"good", "✓"}},       {"at_head", {"good", "✓"}},      {"done", {"good", "✓"}},
    {"nothing_to_do", {"good", "✓"}}, {"ready", {"good", "✓"}},        {"running", {"run", "►"}},
    {"started", {"run", "◐"}},        {"queued", {"wait", "…"}},       {"waiting", {"wait", "…"}},
    {"starting", {"wait", "…"}},      {"pending", {"wait", "○"}},      {"empty", {"wait", "○"}},
    {"deferred", {"wait", "↷"}},      {"ahead", {"wait", "»"}},        {"paused", {"wait", "‖"}},
    {"stopped", {"wait", "■"}},       {"busy", {"wait", "…"}},         {"warning", {"wait", "!"}},
    {"not_ready", {"wait", "!"}},     {"note", {"plain", "·"}},        {"failed", {"bad", "✗"}},
    {"interrupted", {"bad", "✗"}},    {"invalid", {"bad", "✗"}},       {"error", {"bad", "✗"}},
    {"unreachable", {"bad", "✗"}},    {"unknown", {"bad", "?"}},       {"changed", {"bad", "≠"}},
    {"missing", {"bad", "?"}},        {"folder_errors", {"bad", "✗"}},
});

std::optional<int> Number(std::string_view text, std::size_t at, std::size_t length) {
  int number = 0;
  const char* const end = text.data() + at + length;
  const auto result = std::from_chars(text.data() + at, end, number);
  return result.ec == std::errc() && result.ptr == end ? std::optional(number) : std::nullopt;
}

// Of what ToIso8601 writes; nothing for another text.
std::optional<std::chrono::sys_seconds> ParseTime(std::string_view iso) {
  if (iso.size() != std::string_view("2026-11-22T18:20:38Z").size()) return {};
  std::array<int, 6> part{};
  constexpr std::array<std::size_t, 6> kAt = {0, 5, 8, 11, 14, 17};
  for (std::size_t i = 0; i < part.size(); ++i) {
    const auto number = Number(iso, kAt[i], i == 0 ? 4 : 2);
    if (!number) return {};
    part[i] = *number;
  }
  const std::chrono::year_month_day day{std::chrono::year(part[0]),
                                        std::chrono::month(static_cast<unsigned>(part[1])),
                                        std::chrono::day(static_cast<unsigned>(part[2]))};
  if (!day.ok()) return {};
  return std::chrono::sys_days(day) + std::chrono::hours(part[3]) + std::chrono::minutes(part[4]) +
         std::chrono::seconds(part[5]);
}

// What fits into every type of time: thirty years.
double Bounded(double seconds) { return std::clamp(seconds, -1e9, 1e9); }

bool StaysInId(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

}  // namespace

StateMark MarkOf(std::string_view state) {
  const auto* const found = std::ranges::find(kMarks, state, &MarkedState::state);
  return found == kMarks.end() ? StateMark{"plain", "·"} : found->mark;
}

std::string StateOfTarget(const json::object& target) {
  const std::string run = TextAt(ObjectAt(target, "run"), "state");
  if (!run.empty()) return run;
  const bool has_problem = !TextAt(target, "problem").empty();
  if (!TrueAt(target, "reachable")) return has_problem ? "unreachable" : "starting";
  if (has_problem) return "folder_errors";
  const std::string state = TextAt(ObjectAt(target, "status"), "state");
  return state.empty() ? "starting" : state;
}

Html Badge(std::string_view state) {
  const StateMark mark = MarkOf(state);
  return Element("span", {{"class", "badge " + std::string(mark.tone)}},
                 Element("span", {{"class", "sign"}, {"aria-hidden", "true"}}, mark.sign) + " " +
                     WithBlanks(state));
}

Html Code(std::string_view text) { return Element("code", text); }

Html Codes(const std::vector<std::string>& texts) {
  if (texts.empty()) return "none";
  Html list;
  for (const std::string& text : texts) list += (list.empty() ? Html() : Html(", ")) + Code(text);
  return list;
}

Html Time(std::string_view iso) {
  if (iso.empty()) return {};
  std::string shown(iso.substr(0, iso.find('Z')));
  std::ranges::replace(shown, 'T', ' ');
  return Element("time", {{"datetime", std::string(iso)}}, shown);
}

std::string InWords(double seconds) {
  return ToText(
      std::chrono::duration_cast<Duration>(std::chrono::duration<double>(Bounded(seconds))));
}

std::string TimeBetween(std::string_view from_iso, std::string_view to_iso) {
  const auto from = ParseTime(from_iso);
  const auto to = ParseTime(to_iso);
  if (!from || !to) return "";
  if (*to <= *from) return "under 1 s";
  return ToText(Duration(*to - *from));
}

std::string Later(std::string_view iso, double seconds) {
  const auto from = ParseTime(iso);
  if (!from) return "";
  return ToIso8601(*from + std::chrono::seconds(static_cast<long long>(Bounded(seconds))));
}

std::string WithBlanks(std::string_view name) {
  std::string words(name);
  std::ranges::replace(words, '_', ' ');
  return words;
}

Html Facts(std::string_view css_class, const std::vector<Fact>& facts) {
  Html rows;
  for (const Fact& fact : facts) {
    if (fact.value.empty()) continue;
    rows += Element("div", {{"data-key", std::string(fact.name)}},
                    Element("dt", fact.name) + Element("dd", fact.value));
  }
  return rows.empty() ? rows : Element("dl", {{"class", std::string(css_class)}}, rows);
}

std::string IdOf(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string id;
  for (const char c : text) {
    if (StaysInId(c)) {
      id += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    id += {'.', kDigits[byte >> 4U], kDigits[byte & 15U]};
  }
  return id;
}

}  // namespace lockstep
