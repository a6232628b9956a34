// Whether a statement could release advisory locks, and with them the migration lock.
#pragma once

#include <string_view>

namespace lockstep {

// Looks for the names pg_advisory_unlock, _shared and _all outside of comments; in literals as
// well, for one of them may be a function's body or what EXECUTE runs. When literals are nested
// deeper than that makes sense, true. Thread: any.
bool NamesAdvisoryUnlock(std::string_view sql);

}  // namespace lockstep
