// A folder of files as a seam: list it, read each file once.
#pragma once

#include <cstddef>
#include <string>
#include <variant>
#include <vector>

#include "base/descriptor.h"

namespace lockstep {

// Why one file of the folder cannot be had. The rest of the folder is still read.
struct FileProblem {
  std::string code;     // "not-a-file", "unreadable", "too-large", "symlink-loop", "outside-folder"
  std::string message;  // with the system's reason
  std::string hint;
};

using FileContent = std::variant<std::string, FileProblem>;

// Thread: any, one at a time.
class FileTree {
 public:
  virtual ~FileTree() = default;
  // Names of the folder's entries (no sub-folders' content), sorted by bytes. Throws Error
  // kFileRead when the folder cannot be listed.
  virtual std::vector<std::string> List() = 0;
  // The whole content, at most kMaxFileBytes.
  virtual FileContent Read(const std::string& name) = 0;
  // Each of them, in their order.
  virtual std::vector<FileContent> ReadAll(const std::vector<std::string>& names);
  // How the user would name the file: the folder as given, "/", the name.
  virtual std::string PathOf(const std::string& name) const = 0;
};

inline constexpr std::size_t kMaxFileBytes = std::size_t{64} << 20;

// Reads below one folder only: openat2 with RESOLVE_BENEATH (or, where the system has none, a look
// at where a name leads before it is opened) refuses links that lead out of it, while links inside
// it work (Kubernetes mounts a ConfigMap as such). Never blocks on a FIFO or a device.
// Thread: any, one at a time.
class DiskFileTree : public FileTree {
 public:
  explicit DiskFileTree(std::string folder);

  std::vector<std::string> List() override;
  FileContent Read(const std::string& name) override;
  // Half of many files by a second thread: a thousand are a thousand times the way to the kernel.
  std::vector<FileContent> ReadAll(const std::vector<std::string>& names) override;
  std::string PathOf(const std::string& name) const override;

 private:
  int OpenedFolder();

  std::string folder_;
  Descriptor descriptor_;
};

}  // namespace lockstep
