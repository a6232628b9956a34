// A throw-away PostgreSQL server of our own, from the installed binaries.
#pragma once

#include <string>

#include "postgres/connection_url.h"

namespace lockstep {

struct SandboxOptions {
  std::string directory;  // empty: a new one below the system's temporary folder
  bool remove = true;     // when stopped, delete the directory
  std::string bin_dir;    // of initdb and postgres; empty: the newest that is installed
};

// Starts in about two seconds, listens on a Unix socket in its own directory and on a free loopback
// port, takes a random password, keeps nothing safe from a crash (fsync off). As root it runs as the
// user "postgres" or "nobody", since PostgreSQL refuses root. Stops and removes itself in the
// destructor.
// Thread: any, one at a time.
class Sandbox {
 public:
  // Throws Error kSubprocess with the server's own words and the package to install.
  explicit Sandbox(const SandboxOptions& options = {});
  ~Sandbox();
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  const ConnectionUrl& url() const { return url_; }
  const std::string& url_text() const { return url_text_; }  // with its password: it is a throw-away
  const std::string& directory() const { return directory_; }
  // Leaves the server running when this object goes; StopSandbox ends it later.
  void Detach() { detached_ = true; }

 private:
  std::string directory_;
  std::string url_text_;
  ConnectionUrl url_;
  bool remove_ = true;
  bool detached_ = false;
};

// Stops the server in `directory` and deletes the directory, if a Sandbox made it; says false when
// none runs there.
bool StopSandbox(const std::string& directory);

}  // namespace lockstep
