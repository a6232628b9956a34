#include "commands/password_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "base/error.h"

namespace lockstep {
namespace {

class Descriptor {
 public:
  // O_NONBLOCK: a FIFO in the file's place must not hold us up.
  explicit Descriptor(const std::string& path)
      : descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~Descriptor() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

[[noreturn]] void ThrowUnreadable(const std::string& path, const std::string& what) {
  throw Error(ErrorCode::kFileRead, "cannot read " + what + " \"" + path +
                                        "\": " + std::generic_category().message(errno));
}

// Root hands a secret to a user who is not root by the file's group: a Secret that Kubernetes
// mounts for an fsGroup is root's, with mode 0440. Where the owner is anybody else, a group only
// means more readers.
mode_t ForbiddenTo(uid_t owner) {
  const bool handed_by_root = owner == 0 && geteuid() != 0;
  return handed_by_root ? S_IROTH : S_IRGRP | S_IROTH;
}

// Looks at the open file and not at its name, which could be given to another file meanwhile.
void RequirePrivate(const Descriptor& file, const std::string& path, const std::string& what) {
  struct stat status {};
  if (file.get() < 0 || fstat(file.get(), &status) != 0) ThrowUnreadable(path, what);
  if (!S_ISREG(status.st_mode)) {
    throw Error(ErrorCode::kBadSettings, what + " \"" + path + "\" is not a regular file");
  }
  if ((status.st_mode & ForbiddenTo(status.st_uid)) == 0) return;
  throw Error(ErrorCode::kBadSettings, what + " \"" + path + "\" can be read by group or others",
              "make it private: chmod 600 '" + path + "'");
}

}  // namespace

void RequirePrivateFile(const std::string& path, const std::string& what) {
  RequirePrivate(Descriptor(path), path, what);
}

std::string ReadPasswordFile(const std::string& path) {
  const std::string what = "the password file";
  const Descriptor file(path);
  RequirePrivate(file, path, what);
  std::array<char, 4096> buffer{};
  const ssize_t size = read(file.get(), buffer.data(), buffer.size());
  if (size < 0) ThrowUnreadable(path, what);
  std::string password(buffer.data(), static_cast<std::size_t>(size));
  password = password.substr(0, password.find_first_of("\r\n"));
  if (password.empty()) throw Error(ErrorCode::kBadSettings, what + " \"" + path + "\" is empty");
  return password;
}

}  // namespace lockstep
