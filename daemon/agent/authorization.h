// Who may do what: a table of verb and caller, and no by default.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "agent/http_server.h"

namespace lockstep {

enum class Verb { kAsk, kChange };

// Who may change things, beside root and the agent's own user.
struct AllowedCallers {
  std::vector<uid_t> users;
  std::vector<gid_t> groups;
};

// Throws Error kBadSettings for a user or group that this machine does not know.
AllowedCallers ResolveAllowed(const std::vector<std::string>& users,
                              const std::vector<std::string>& groups);

// By what the kernel says of the caller; never by pid.
bool MayDo(Verb verb, const Caller& caller, const AllowedCallers& allowed);

}  // namespace lockstep
