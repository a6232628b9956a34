// Random identifiers.
#pragma once

#include <string>

namespace lockstep {

// A version 4 UUID, lower case: "f81d4fae-7dec-41d0-a765-00a0c91e6bf6".
std::string NewUuid();

}  // namespace lockstep
