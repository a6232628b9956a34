// Replaces ${NAME} in scripts whose header says "variables: on".
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/diagnostic.h"
#include "core/migration.h"

namespace lockstep {

// The value of a variable; nothing when it is not set.
using VariableLookup = std::function<std::optional<std::string>(const std::string& name)>;

// The script's text as it runs. Each unset variable is an error (unset-variable) with its place;
// the checksum stays that of the raw file.
std::variant<SharedText, Diagnostics> ReplaceVariables(const Script& script,
                                                       const VariableLookup& lookup);

}  // namespace lockstep
