// The status page: one HTML file, filled in with what is known at this moment, so that it says all
// that it has to say without scripts; with them it fetches itself again and changes what has
// changed. There is one renderer, this one: the script only moves what the server has written.
#pragma once

#include <string>

#include "base/json.h"

namespace lockstep {

// `status`: the document of /api/v1/status. `histories`: for each of its targets, in their order,
// the document `history` of docs/json.md, or null while the database was not reached. Neither has
// to be complete; what is not there is not shown. Thread: any.
std::string StatusPage(const json::object& status, const json::array& histories);

// The value of the header Content-Security-Policy that belongs to the page: its own style and
// script by their hashes, requests to where it came from, and nothing else.
std::string StatusPagePolicy();

}  // namespace lockstep
