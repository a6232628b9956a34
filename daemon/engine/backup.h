// pg_dump before anything is changed.
#pragma once

#include <stop_token>
#include <string>

#include "base/clock.h"
#include "postgres/connection_url.h"

namespace lockstep {

struct BackupSettings {
  std::string directory;  // empty: no backup
  int keep = 0;           // newest that stay; 0: all
  // pg_dump's path; empty: that of the newest installed release, else from PATH. pg_restore is
  // beside it, or is looked for in the same way.
  std::string program;
};

struct BackupResult {
  std::string path;
  long long bytes = 0;
};

// Writes DIRECTORY/<database>-<YYYYMMDDThhmmssZ>-<revision or "base">.dump in custom format, mode
// 0600, under a temporary name first; checks pg_dump's exit code and `pg_restore --list`; then
// prunes older ones of the same database beyond `keep`. Bytes of the names other than letters,
// digits, "_" and "." are written as %XX. The directory is made, 0700, when it is missing. The
// password goes to pg_dump by its environment. Throws Error kSubprocess (with pg_dump's own words,
// secrets taken out), kFileWrite or kStopped; a half-written file is removed.
BackupResult MakeBackup(const BackupSettings& settings, const ConnectionUrl& url,
                        const std::string& database, const std::string& revision, WallTime now,
                        std::stop_token stop);

}  // namespace lockstep
