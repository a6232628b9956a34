// Files that hold a secret: read only when nobody else can read them.
#pragma once

#include <string>

namespace lockstep {

// The first line of the file, without its end. Throws Error kFileRead, or kBadSettings when group
// or others may read it or it is empty.
std::string ReadPasswordFile(const std::string& path);

// Throws Error kBadSettings when group or others may read `path`; `what` says what it is:
// "the password file".
void RequirePrivateFile(const std::string& path, const std::string& what);

}  // namespace lockstep
