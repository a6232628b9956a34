// How a server proves who it is: by its certificate, unless it is on this machine or somebody has
// said otherwise.
//
// libpq's own default is "prefer": it takes any certificate and, where the server has no TLS, goes
// on without; whoever answers is told the password when he asks for it. So a server of another
// machine is verified in full until an sslmode is said, in the URL or where else libpq reads one.
#pragma once

#include <string>

#include "postgres/connection_url.h"

namespace lockstep {

struct ServerVerification {
  std::string sslmode;           // that is in force; of no meaning over a Unix socket
  bool on_this_machine = false;  // all servers: over Unix sockets or loopback
  bool by_default = false;       // nobody has said an sslmode

  bool verified() const { return on_this_machine || sslmode == "verify-full"; }
};

// A URL with the sslmode and sslrootcert that its sessions, and pg_dump, are to be opened with.
struct ResolvedUrl {
  ConnectionUrl url;
  ServerVerification verification;
};

// Looks where libpq does: the URL, its service's file, the environment. One server of another
// machine among several makes the rule count for all, and so does a name of another machine beside
// an address of this one: that is a tunnel. Of a service, "prefer" counts as not said: libpq does
// not tell it from its default. Where a certificate is verified in full and no authorities are
// named, nor stand in ~/.postgresql/root.crt, the system's are taken.
//
// To be asked anew for each session: the files may have changed. Thread: any.
ResolvedUrl ResolveVerification(const ConnectionUrl& url);

// "localhost", an address that never leaves the machine, a Unix socket (its folder, or "@name").
bool IsOnThisMachine(const std::string& host);

}  // namespace lockstep
