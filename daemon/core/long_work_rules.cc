#include "core/long_work_rules.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "base/text.h"
#include "core/not_null_proof.h"

namespace lockstep {
namespace {

// Types with modifiers: "numeric(10,2)" has two, "interval" none, which means no limit.
std::vector<int> ModifiersOf(std::string_view type) {
  const auto open = type.find('(');
  const auto close = type.find(')');
  std::vector<int> modifiers;
  if (open == std::string_view::npos || close == std::string_view::npos) return modifiers;
  for (const std::string& part : SplitTrimmed(type.substr(open + 1, close - open - 1), ',')) {
    int number = 0;
    std::from_chars(part.data(), part.data() + part.size(), number);
    modifiers.push_back(number);
  }
  return modifiers;
}

int At(const std::vector<int>& modifiers, std::size_t index) {
  return index < modifiers.size() ? modifiers[index] : 0;
}

bool NoNarrower(const std::vector<int>& from, const std::vector<int>& to) {
  return to.empty() || (!from.empty() && to[0] >= from[0]);
}

bool NoNarrowerAndSameScale(const std::vector<int>& from, const std::vector<int>& to) {
  return to.empty() || (NoNarrower(from, to) && At(from, 1) == At(to, 1));
}

bool Equal(const std::vector<int>& from, const std::vector<int>& to) { return from == to; }

using Fits = bool (*)(const std::vector<int>& from, const std::vector<int>& to);

struct Widening {
  std::string_view type;
  Fits fits;
};

// The types whose length the server does not check again when it grows: those whose conversion has
// a support function. character(n) and bit(n) have none.
constexpr std::array kWidenings = {
    Widening{"character varying", NoNarrower},
    Widening{"bit varying", NoNarrower},
    Widening{"numeric", NoNarrowerAndSameScale},
    Widening{"timestamp without time zone", NoNarrower},
    Widening{"timestamp with time zone", NoNarrower},
    Widening{"time without time zone", NoNarrower},
    Widening{"time with time zone", NoNarrower},
};

// "timestamp with time zone" of "timestamp(3) with time zone".
std::string WithoutModifiers(std::string_view type) {
  const auto open = type.find('(');
  const auto close = type.find(')');
  if (open == std::string_view::npos || close == std::string_view::npos) return std::string(type);
  return std::string(type.substr(0, open)) + std::string(type.substr(close + 1));
}

bool IsTimestamp(std::string_view type) { return type.starts_with("timestamp"); }

// Of two timestamps, one with a time zone, in UTC.
bool IsSameInstant(const TypeChange& change) {
  return change.utc && IsTimestamp(change.from) && IsTimestamp(change.to);
}

// A domain brings its own length; that of a plain type stands in the statement.
std::vector<int> NewModifiers(const TypeChange& change, std::string_view detail) {
  std::vector<int> own = ModifiersOf(change.to);
  return own.empty() ? ModifiersOf(detail) : own;
}

bool KeepsLength(const TypeChange& change, std::string_view detail) {
  const std::string to = WithoutModifiers(change.to);
  const std::vector<int> modifiers = NewModifiers(change, detail);
  if (WithoutModifiers(change.from) != to) return modifiers.empty();
  const auto widening = std::ranges::find(kWidenings, to, &Widening::type);
  const Fits fits = widening == kWidenings.end() ? Equal : widening->fits;
  return fits(ModifiersOf(change.from), modifiers);
}

bool Rewrites(const TypeChange& change, std::string_view detail) {
  if (change.to.empty() || change.to_constrained) return true;
  if (!change.same_storage && !IsSameInstant(change)) return true;
  return !KeepsLength(change, detail);
}

bool IsText(std::string_view type) { return type == "text" || type == "character varying"; }

// An index is kept as it is only when it would be made in the same way from the new type.
bool RebuildsIndex(const TypeChange& change) {
  if (!change.has_index) return false;
  const std::string from = WithoutModifiers(change.from), to = WithoutModifiers(change.to);
  const bool same_order = from == to || (IsText(from) && IsText(to));
  return change.has_special_index || change.own_collation || !same_order;
}

bool IsLongTypeChange(const LongWork& work, const WorkFacts& facts) {
  return Rewrites(facts.type, work.detail) || facts.type.has_check || RebuildsIndex(facts.type);
}

bool IsLongNotNull(const LongWork&, const WorkFacts& facts) {
  return std::ranges::any_of(facts.nullable, [&facts](const std::string& column) {
    return std::ranges::none_of(
        facts.proven, [&column](const std::string& check) { return ProvesNotNull(check, column); });
  });
}

bool IsLongAttach(const LongWork&, const WorkFacts& facts) { return facts.proven.empty(); }

bool IsLongDefault(const LongWork&, const WorkFacts& facts) { return facts.volatile_function; }

bool IsLongDomainColumn(const LongWork&, const WorkFacts& facts) {
  return facts.constrained_domain;
}

struct Rule {
  LongCause cause;
  bool (*is_long)(const LongWork& work, const WorkFacts& facts);
};

// Whatever is not here takes long on every relation with rows.
constexpr std::array kRules = {
    Rule{LongCause::kNotNullScan, IsLongNotNull},
    Rule{LongCause::kColumnType, IsLongTypeChange},
    Rule{LongCause::kVolatileDefault, IsLongDefault},
    Rule{LongCause::kDomainColumn, IsLongDomainColumn},
    Rule{LongCause::kAttachScan, IsLongAttach},
};

}  // namespace

bool IsLong(const LongWork& work, const WorkFacts& facts) {
  if (!facts.has_rows) return false;
  const auto rule = std::ranges::find(kRules, work.cause, &Rule::cause);
  return rule == kRules.end() || rule->is_long(work, facts);
}

}  // namespace lockstep
