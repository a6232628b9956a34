// Named places where a test may end, stop or delay the program.
//
// Compiled in by -DLOCKSTEP_FAIL_POINTS=ON only. LOCKSTEP_FAIL_POINT="step:action[:n]" arms one: at
// the n-th [1] passage of `step` the process kills itself (kill), stops itself (stop), throws a
// lost connection (drop) or a statement that was refused (error), or sleeps (sleep) for a second,
// or for so many milliseconds ("step:sleep:n:500"). Then there is the file that
// LOCKSTEP_FAIL_POINT_FILE names, so that a test knows that the step was reached.
#pragma once

namespace lockstep {

#ifdef LOCKSTEP_FAIL_POINTS
void FailPoint(const char* step);
#else
inline void FailPoint(const char*) {}
#endif

}  // namespace lockstep
