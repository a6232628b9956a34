#include "core/table_lock_limits.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/text.h"
#include "core/duration.h"

namespace lockstep {
namespace {

constexpr const char* kNoDuration = "must be a time with its unit, such as \"250ms\" or \"30min\"";

std::string ReadDuration(Duration& field, std::string_view value) {
  const std::optional<Duration> duration = ParseDuration(value);
  if (!duration) return kNoDuration;
  field = *duration;
  return "";
}

// 0 would mean to PostgreSQL "wait for ever".
std::string ReadLimit(Duration& field, std::string_view value) {
  Duration limit{};
  if (std::string problem = ReadDuration(limit, value); !problem.empty()) return problem;
  if (limit <= Duration::zero()) return "must be longer than 0";
  field = limit;
  return "";
}

std::string ReadLadder(std::vector<Duration>& field, std::string_view value) {
  constexpr const char* kProblem =
      "must be times with commas between them, such as \"40ms, 100ms, 200ms\"";
  std::vector<Duration> rungs;
  for (const std::string& text : SplitTrimmed(value, ',')) {
    Duration rung{};
    if (!ReadLimit(rung, text).empty()) return kProblem;
    rungs.push_back(rung);
  }
  if (rungs.empty()) return kProblem;
  field = std::move(rungs);
  return "";
}

std::optional<long long> ReadNumber(std::string_view text) {
  long long number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0) return {};
  return number;
}

std::string ReadCount(int& field, std::string_view value) {
  const std::optional<long long> count = ReadNumber(value);
  if (!count || *count < 1 || *count > 1'000'000) return "must be a number from 1";
  field = static_cast<int>(*count);
  return "";
}

struct Unit {
  std::string_view name;
  long long bytes;
};
constexpr std::array kUnits = {Unit{"KiB", 1LL << 10}, Unit{"MiB", 1LL << 20},
                               Unit{"GiB", 1LL << 30}, Unit{"TiB", 1LL << 40}};

std::string ReadSize(long long& field, std::string_view value) {
  constexpr const char* kProblem =
      "must be a size, such as \"10MiB\" (KiB, MiB, GiB, TiB) or \"0\"";
  constexpr long long kMost = 1'000'000;
  const auto unit = std::find_if(kUnits.begin(), kUnits.end(), [value](const Unit& known) {
    return value.ends_with(known.name);
  });
  if (unit == kUnits.end() && value != "0") return kProblem;
  const auto number = unit == kUnits.end()
                          ? std::optional<long long>(0)
                          : ReadNumber(Trim(value.substr(0, value.size() - unit->name.size())));
  if (!number || *number > kMost) return kProblem;
  field = unit == kUnits.end() ? 0 : *number * unit->bytes;
  return "";
}

std::string LadderText(const std::vector<Duration>& ladder) {
  std::vector<std::string> rungs;
  for (const Duration rung : ladder) rungs.push_back(ToSetting(rung));
  return Join(rungs, ", ");
}

std::string SizeText(long long bytes) {
  if (bytes == 0) return "0";
  const Unit* largest = &kUnits.front();
  for (const Unit& unit : kUnits) {
    if (bytes % unit.bytes == 0) largest = &unit;
  }
  return std::to_string(bytes / largest->bytes) + std::string(largest->name);
}

struct Key {
  std::string_view name;
  std::string (*set)(TableLockLimits& limits, std::string_view value);
  std::string (*get)(const TableLockLimits& limits);
};

template <Duration TableLockLimits::*kField>
constexpr Key Limit(std::string_view name) {
  return {name, [](TableLockLimits& l, std::string_view v) { return ReadLimit(l.*kField, v); },
          [](const TableLockLimits& l) { return ToSetting(l.*kField); }};
}

constexpr std::array kKeys = {
    Key{"lock_ladder",
        [](TableLockLimits& l, std::string_view v) { return ReadLadder(l.ladder, v); },
        [](const TableLockLimits& l) { return LadderText(l.ladder); }},
    Limit<&TableLockLimits::next_lock_timeout>("next_lock_timeout"),
    Limit<&TableLockLimits::acquire_timeout>("acquire_timeout"),
    Limit<&TableLockLimits::lock_timeout>("lock_timeout"),
    Limit<&TableLockLimits::max_hold>("max_hold"),
    Key{"statement_timeout",
        [](TableLockLimits& l, std::string_view v) { return ReadDuration(l.statement_timeout, v); },
        [](const TableLockLimits& l) { return ToSetting(l.statement_timeout); }},
    Limit<&TableLockLimits::look_interval>("look_interval"),
    Limit<&TableLockLimits::young_holder>("young_holder"),
    Limit<&TableLockLimits::retry_pause>("retry_pause"),
    Limit<&TableLockLimits::retry_pause_limit>("retry_pause_limit"),
    Limit<&TableLockLimits::lock_deadline>("lock_deadline"),
    Key{"max_victims",
        [](TableLockLimits& l, std::string_view v) { return ReadCount(l.max_victims, v); },
        [](const TableLockLimits& l) { return std::to_string(l.max_victims); }},
    Limit<&TableLockLimits::max_victim_wait>("max_victim_wait"),
    Key{"small_table",
        [](TableLockLimits& l, std::string_view v) { return ReadSize(l.small_table, v); },
        [](const TableLockLimits& l) { return SizeText(l.small_table); }},
};

const Key& Find(std::string_view name) {
  return *std::find_if(kKeys.begin(), kKeys.end(),
                       [name](const Key& candidate) { return candidate.name == name; });
}

}  // namespace

const std::vector<std::string>& TableLockKeys() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Key& key : kKeys) all.emplace_back(key.name);
    return all;
  }();
  return names;
}

std::string SetTableLockLimit(TableLockLimits& limits, std::string_view key,
                              std::string_view value) {
  return Find(key).set(limits, value);
}

std::string TableLockLimitText(const TableLockLimits& limits, std::string_view key) {
  return Find(key).get(limits);
}

TableLockLimits Overridden(TableLockLimits limits, const std::vector<TableLockOverride>& own) {
  for (const TableLockOverride& one : own) SetTableLockLimit(limits, one.key, one.value);
  return limits;
}

}  // namespace lockstep
