// Which statements only read or write rows, told by their words: they are many and large, and need
// no parser.
#pragma once

#include <string_view>

namespace lockstep {

// The command tag: SELECT, INSERT, UPDATE, DELETE or MERGE; empty for every other statement.
// Thread: any.
std::string_view DataTagIn(std::string_view sql);

}  // namespace lockstep
