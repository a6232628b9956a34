// Files that hold a secret: read only when nobody else can read them.
#pragma once

#include <string>

namespace lockstep {

// The first line of the file, without its end. Throws Error kFileRead, or kBadSettings when it is
// empty, or group or others may read it; root's file may be read by the group of an agent that is
// not root.
std::string ReadPasswordFile(const std::string& path);

// Throws Error kBadSettings when `path` may be read as above by more than is right; `what` says
// what it is: "the password file".
void RequirePrivateFile(const std::string& path, const std::string& what);

}  // namespace lockstep
