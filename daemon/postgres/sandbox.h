// A throw-away PostgreSQL server of our own, from the installed binaries.
#pragma once

#include <memory>
#include <string>

#include "postgres/connection_url.h"

namespace lockstep {

class ChildProcess;

struct SandboxOptions {
  std::string directory;  // empty: a new one below the system's temporary folder
  bool remove = true;     // when stopped, delete the directory
  std::string bin_dir;    // of initdb and postgres; empty: the newest that is installed
  // The server stays when the Sandbox goes; StopSandbox ends it later.
  bool detach = false;
};

// Starts in about two seconds, listens on a free loopback port and, where its path is short enough
// for one, on a Unix socket in its own directory; takes a random password, keeps nothing safe from
// a crash (fsync off). As root it runs as the user "postgres" or "nobody", since PostgreSQL refuses
// root. Stops and removes itself in the destructor; when we are killed the kernel stops it, and
// only the directory stays. Thread: the one that made it, which must not end before it.
class Sandbox {
 public:
  // Throws Error kSubprocess with the server's own words and the package to install, kFileWrite
  // when the directory cannot be made, kUsage when it is not empty. Nothing is left behind then.
  explicit Sandbox(const SandboxOptions& options = {});
  ~Sandbox();
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  const ConnectionUrl& url() const { return url_; }
  const std::string& url_text() const {
    return url_text_;
  }  // with its password: it is a throw-away
  const std::string& directory() const { return directory_; }

 private:
  std::string directory_;
  bool remove_;
  bool detach_;
  std::unique_ptr<ChildProcess> server_;
  std::string url_text_;
  ConnectionUrl url_;
};

// Stops the server in `directory` and deletes the directory; says false when none ran there. Throws
// Error kUsage when no Sandbox made the directory.
bool StopSandbox(const std::string& directory);

}  // namespace lockstep
