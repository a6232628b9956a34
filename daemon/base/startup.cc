#include "base/startup.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace lockstep {

void OccupyStandardStreams() {
  int descriptor = open("/dev/null", O_RDONLY);
  while (descriptor >= 0 && descriptor <= STDERR_FILENO) descriptor = open("/dev/null", O_RDONLY);
  if (descriptor >= 0) close(descriptor);
}

void ForbidDumps() {
  // The leak sanitizer is such a debugger.
#ifndef __SANITIZE_ADDRESS__
  prctl(PR_SET_DUMPABLE, 0);
#endif
}

}  // namespace lockstep
