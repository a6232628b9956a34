#include "core/script_names.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace lockstep {
namespace {

constexpr std::array<std::string_view, 6> kDropsWhatItLocks = {
    "DROP TABLE",    "DROP FOREIGN TABLE", "DROP INDEX",
    "DROP SEQUENCE", "DROP VIEW",          "DROP MATERIALIZED VIEW"};

}  // namespace

std::optional<ScriptNames::Name> ScriptNames::InCatalog(const Name& name) const {
  const auto known = known_.find(name);
  return known == known_.end() ? name : known->second;
}

void ScriptNames::Follow(const StatementKind& kind) {
  if (std::ranges::find(kDropsWhatItLocks, kind.name) != kDropsWhatItLocks.end()) {
    // A relation of this name that is used later is another one.
    for (const NamedLock& lock : kind.locks) known_[{lock.schema, lock.name}] = std::nullopt;
  }
  for (const MadeRelation& made : kind.makes) {
    const Name before{made.old_schema, made.old_name};
    known_[{made.schema, made.name}] = made.old_name.empty() ? std::nullopt : InCatalog(before);
    if (!made.old_name.empty()) known_[before] = std::nullopt;
  }
}

}  // namespace lockstep
