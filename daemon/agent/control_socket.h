// The Unix socket's file: one agent for each path, nobody else's file removed, the right mode from
// its first moment.
#pragma once

#include <memory>
#include <string>

#include "base/descriptor.h"

namespace lockstep {

struct ControlSocketOptions {
  std::string path;
  unsigned mode = 0660;
  std::string group;  // a name or a number; empty: that of the process
};

// Holds a lock on PATH.lock for as long as it lives, and removes the socket when it goes. The
// lock's file stays: removing it would let two agents lock two files of that name. Thread: io.
class ControlSocket {
 public:
  // Throws Error kBadSettings: the path is longer than 107 bytes, is no socket, stands in a folder
  // that others may write to or that is a link of somebody else's, or another agent listens there
  // (named by its pid); the message names the path and what to do. A socket that was left behind by
  // an agent that was killed is replaced.
  // REQUIRES: no other thread makes files meanwhile; the umask is the whole process's.
  explicit ControlSocket(const ControlSocketOptions& options);
  ~ControlSocket();
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

  // The listening descriptor, non-blocking and close-on-exec; once.
  Descriptor TakeListening();
  const std::string& path() const { return path_; }

 private:
  class File;

  std::string path_;
  Descriptor lock_;
  std::unique_ptr<File> file_;  // goes before the lock
  Descriptor listening_;
};

}  // namespace lockstep
