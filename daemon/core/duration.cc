#include "core/duration.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

namespace lockstep {
namespace {

using namespace std::chrono_literals;

struct Unit {
  std::string_view name;
  Duration length;
};

constexpr std::array<Unit, 7> kUnits = {
    {{"us", 1us}, {"ms", 1ms}, {"s", 1s}, {"m", 1min}, {"min", 1min}, {"h", 1h}, {"d", 24h}}};

std::optional<Duration> UnitNamed(std::string_view name) {
  for (const Unit& unit : kUnits) {
    if (unit.name == name) return unit.length;
  }
  return std::nullopt;
}

// All of `text`, digits only.
std::optional<std::int64_t> ParseDigits(std::string_view text) {
  std::int64_t value = 0;
  if (text.empty() || text.front() == '-') return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// What the digits after the point are of `unit`, rounded to a nanosecond.
std::optional<std::int64_t> FractionOf(std::string_view digits, Duration unit) {
  const auto value = ParseDigits(digits);
  if (!value) return std::nullopt;
  const long double share =
      static_cast<long double>(*value) / std::pow(10.0L, static_cast<long double>(digits.size()));
  return std::llround(share * static_cast<long double>(unit.count()));
}

// At most `decimals` digits after the point, without zeros at the end.
std::string Trimmed(double value, int decimals) {
  std::string text = fmt::format("{:.{}f}", value, decimals);
  if (decimals > 0) text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

// "3 min 20 s": a count of the larger unit and the rest in the smaller one, rounded to the smaller.
std::string InTwoUnits(Duration duration, Unit larger, Unit smaller) {
  const std::int64_t ratio = larger.length / smaller.length;
  const bool up = duration % smaller.length >= smaller.length / 2;
  const std::int64_t count = duration / smaller.length + (up ? 1 : 0);
  std::string text = fmt::format("{} {}", count / ratio, larger.name);
  if (count % ratio != 0) text += fmt::format(" {} {}", count % ratio, smaller.name);
  return text;
}

}  // namespace

std::optional<Duration> ParseDuration(std::string_view text) {
  if (text == "0") return Duration::zero();
  const std::size_t number_end = std::min(text.find_first_not_of("0123456789."), text.size());
  const auto unit = UnitNamed(text.substr(number_end));
  if (!unit) return std::nullopt;
  const std::string_view number = text.substr(0, number_end);
  const std::size_t point = number.find('.');
  const auto whole = ParseDigits(number.substr(0, point));
  const auto fraction = point == std::string_view::npos
                            ? std::optional<std::int64_t>(0)
                            : FractionOf(number.substr(point + 1), *unit);
  if (!whole || !fraction) return std::nullopt;
  if (*whole > (std::numeric_limits<std::int64_t>::max() - *fraction) / unit->count()) {
    return std::nullopt;
  }
  return Duration(*whole * unit->count() + *fraction);
}

std::string ToText(Duration duration) {
  if (duration < Duration::zero()) return "-" + ToText(-duration);
  if (duration < 1s - 500us) return Trimmed(ToSeconds(duration), 3) + " s";
  if (duration < 10s - 5ms) return Trimmed(ToSeconds(duration), 2) + " s";
  if (duration < 1min - 500ms) return Trimmed(ToSeconds(duration), 0) + " s";
  if (duration < 1h - 500ms) return InTwoUnits(duration, {"min", 1min}, {"s", 1s});
  if (duration < 24h - 30s) return InTwoUnits(duration, {"h", 1h}, {"min", 1min});
  return InTwoUnits(duration, {"d", 24h}, {"h", 1h});
}

std::string ToSetting(Duration duration) {
  if (duration == Duration::zero()) return "0";
  for (auto unit = kUnits.rbegin(); unit != kUnits.rend(); ++unit) {
    if (duration % unit->length == Duration::zero()) {
      return fmt::format("{}{}", duration / unit->length, unit->name);
    }
  }
  // The smallest unit is a microsecond, and a clock's step a nanosecond.
  return fmt::format("{}.{:03}us", duration.count() / 1000, duration.count() % 1000);
}

std::string ToPostgres(Duration duration) {
  // PostgreSQL keeps milliseconds in 31 bits and refuses more; 24 days stand for "very long".
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  const auto rounded_up = std::chrono::ceil<std::chrono::milliseconds>(duration);
  return fmt::format("{}ms", std::min<std::int64_t>(rounded_up.count(), kMost));
}

}  // namespace lockstep
