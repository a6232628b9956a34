// How much of another session's statement is told: it is somebody else's text, with somebody's
// data.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/blocker.h"

namespace lockstep {

enum class QueryDisclosure {
  kWithoutConstants,  // "select * from orders where email = ?"
  kText,
  kHash,  // the first 16 digits of its SHA-256
  kOff,
};

// "without_constants", "text", "hash", "off".
std::optional<QueryDisclosure> QueryDisclosureNamed(std::string_view name);
std::string_view NameOf(QueryDisclosure disclosure);

// Works on a text that was cut in its middle, as pg_stat_activity gives it.
std::string Disclosed(std::string_view query, QueryDisclosure how);
std::vector<Blocker> Disclosed(std::vector<Blocker> blockers, QueryDisclosure how);

}  // namespace lockstep
