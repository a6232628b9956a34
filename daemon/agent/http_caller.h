// Who is at the other end of a connection, by the word of the kernel.
#pragma once

#include "agent/http_server.h"

namespace lockstep {

// SO_PEERCRED and SO_PEERGROUPS: who the peer was when it connected. Over TCP, and where the kernel
// does not say, nobody is known, and nobody may change anything. Thread: any.
Caller CallerOf(int socket, Door door);

}  // namespace lockstep
