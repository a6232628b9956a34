// As much of JSON Schema as our own descriptions use: enough to hold an answer to them.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace lockstep {

// What is wrong with `value`, each with its place; empty when it is as `schema` says. "$ref" means
// a member of components/schemas of `document`. Throws for a keyword that it does not know, so that
// nothing passes unchecked.
std::vector<std::string> SchemaFaults(const json::value& value, const json::value& schema,
                                      const json::value& document, const std::string& place = "");

}  // namespace lockstep
