#include "agent/http_caller.h"

#include <sys/socket.h>

#include <cerrno>

namespace lockstep {
namespace {

std::vector<gid_t> GroupsOf(int socket) {
  std::vector<gid_t> groups(32);
  for (;;) {
    auto size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    const bool known = ::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size) == 0;
    // With ERANGE `size` is what it takes.
    if (!known && errno != ERANGE) return {};
    groups.resize(size / sizeof(gid_t));
    if (known) return groups;
  }
}

}  // namespace

Caller CallerOf(int socket, Door door) {
  Caller caller{door};
  if (door == Door::kTcp) return caller;
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return caller;
  // What is no Unix socket has a peer of uid -1.
  if (peer.uid == static_cast<uid_t>(-1)) return caller;
  caller.uid = peer.uid;
  caller.gid = peer.gid;
  caller.pid = peer.pid;
  caller.groups = GroupsOf(socket);
  return caller;
}

std::string ToText(const Caller& caller) {
  if (caller.door == Door::kTcp) return "tcp";
  return "uid " + std::to_string(caller.uid) + ", gid " + std::to_string(caller.gid) + ", pid " +
         std::to_string(caller.pid);
}

}  // namespace lockstep
