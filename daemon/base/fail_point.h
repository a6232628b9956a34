// Named places where a test may end, stop or delay the program.
//
// Compiled in by -DLOCKSTEP_FAIL_POINTS=ON only. LOCKSTEP_FAIL_POINT="step:action[:n]" arms one: at
// the n-th [1] passage of `step` the process kills itself (kill), stops itself (stop), or throws a
// lost connection (drop).
#pragma once

namespace lockstep {

#ifdef LOCKSTEP_FAIL_POINTS
void FailPoint(const char* step);
#else
inline void FailPoint(const char*) {}
#endif

}  // namespace lockstep
