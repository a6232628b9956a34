// The program's own arguments as every user of the machine sees them in the process list.
#pragma once

namespace lockstep {

// Overwrites the values of --database-url where the kernel reads them from. The whole value, so
// that no parser has to find the password in a URL that may be broken. REQUIRES: argv is the
// program's own; whoever needs the values has copied them.
void HideDatabaseUrl(int argc, char** argv);

}  // namespace lockstep
