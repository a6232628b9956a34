#include "agent/authorization.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>

#include "base/error.h"

namespace lockstep {
namespace {

template <typename Id>
bool Contains(const std::vector<Id>& ids, long id) {
  return std::ranges::any_of(ids, [id](Id one) { return static_cast<long>(one) == id; });
}

bool IsInAny(const Caller& caller, const std::vector<gid_t>& groups) {
  if (Contains(groups, caller.gid)) return true;
  return std::ranges::any_of(
      caller.groups, [&](gid_t group) { return Contains(groups, static_cast<long>(group)); });
}

[[noreturn]] void RefuseName(const char* what, const std::string& name) {
  throw Error(ErrorCode::kBadSettings,
              std::string("socket.allow_") + what + " names \"" + name +
                  "\", which this machine does not know",
              "name one that exists, or take it out");
}

}  // namespace

AllowedCallers ResolveAllowed(const std::vector<std::string>& users,
                              const std::vector<std::string>& groups) {
  AllowedCallers allowed;
  for (const std::string& name : users) {
    const passwd* entry = getpwnam(name.c_str());
    if (entry == nullptr) RefuseName("users", name);
    allowed.users.push_back(entry->pw_uid);
  }
  for (const std::string& name : groups) {
    const group* entry = getgrnam(name.c_str());
    if (entry == nullptr) RefuseName("groups", name);
    allowed.groups.push_back(entry->gr_gid);
  }
  return allowed;
}

bool MayDo(Verb verb, const Caller& caller, const AllowedCallers& allowed) {
  if (verb == Verb::kAsk) return true;
  if (caller.door != Door::kSocket || caller.uid < 0) return false;
  if (caller.uid == 0 || caller.uid == static_cast<long>(geteuid())) return true;
  return Contains(allowed.users, caller.uid) || IsInAny(caller, allowed.groups);
}

}  // namespace lockstep
