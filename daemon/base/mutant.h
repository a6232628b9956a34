// Mistakes on purpose, which the exactly-once test has to find, or it proves nothing.
//
// Compiled in by -DLOCKSTEP_MUTANTS=ON only. LOCKSTEP_MUTANT=NAME makes one of them at run time;
// tests/chaos/README.md lists them. A file that asks stands in the list in daemon/CMakeLists.txt.
#pragma once

#ifdef LOCKSTEP_MUTANTS
#include <cstdlib>
#include <string_view>
#endif

namespace lockstep {

#ifdef LOCKSTEP_MUTANTS
inline bool Mutant(std::string_view name) {
  const char* chosen = std::getenv("LOCKSTEP_MUTANT");
  return chosen != nullptr && name == chosen;
}
#else
constexpr bool Mutant(const char*) { return false; }
#endif

}  // namespace lockstep
