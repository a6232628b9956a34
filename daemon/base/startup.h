// What each of our programs does before anything else.
#pragma once

namespace lockstep {

// A connection that got the number of a closed standard stream would be sent our messages. What
// takes its place cannot be written to, so that the missing stream is still noticed.
void OccupyStandardStreams();

// No core file, no debugger of the same user: the memory holds a password.
void ForbidDumps();

}  // namespace lockstep
