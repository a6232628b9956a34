// How much of a long script is handled at once: by the grammar, which makes a tree of ten times the
// bytes, and as one message, which the server reads whole into such a tree and libpq copies twice.
#pragma once

#include <cstddef>

namespace lockstep {

inline constexpr std::size_t kScriptPieceBytes = 1 << 20;

}  // namespace lockstep
