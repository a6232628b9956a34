// The status page: one HTML file, filled in with what is known at this moment, so that it says all
// that it has to say without scripts; with them it keeps itself up to date from the API.
#pragma once

#include <string>

#include "base/json.h"

namespace lockstep {

// `status`: the document of /api/v1/status.
std::string StatusPage(const json::object& status);

}  // namespace lockstep
