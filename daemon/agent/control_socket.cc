#include "agent/control_socket.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/error.h"

namespace lockstep {
namespace {

constexpr std::size_t kLongestPath = sizeof(sockaddr_un::sun_path) - 1;
constexpr mode_t kPermissions = 07777;
constexpr int kBacklog = 128;

std::string Reason(int error) { return std::generic_category().message(error); }

[[noreturn]] void Refuse(const std::string& path, const std::string& why,
                         const std::string& hint = {}) {
  throw Error(ErrorCode::kBadSettings, fmt::format("the control socket '{}' {}", path, why), hint);
}

void CheckPath(const std::string& path) {
  if (path.empty() || path.find('\0') != std::string::npos || path.ends_with('/')) {
    Refuse(path, "is no path of a file",
           "set socket.path to a path such as /run/lockstep/lockstep.sock");
  }
  if (path.size() > kLongestPath) {
    Refuse(path,
           fmt::format("has a path of {} bytes; a Unix socket's may have {}", path.size(),
                       kLongestPath),
           "choose a shorter one");
  }
}

std::string FolderOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string NameIn(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// Root may do all that anyway.
bool IsTrusted(uid_t owner) { return owner == 0 || owner == ::geteuid(); }

[[noreturn]] void RefuseMissingFolder(const std::string& path, const std::string& folder) {
  std::string hint = fmt::format("make it: install -d -m 0750 '{}'", folder);
  if (folder.starts_with("/run/")) {
    hint += fmt::format("; systemd makes it by RuntimeDirectory={}", folder.substr(5));
  }
  Refuse(path, fmt::format("has no folder: '{}' does not exist", folder), hint);
}

// Whoever owns a link, or may write to the folder, could put something else in our socket's place.
void CheckLink(const std::string& path, const std::string& folder) {
  struct stat about {};
  if (::lstat(folder.c_str(), &about) != 0) return;
  if (!S_ISLNK(about.st_mode) || IsTrusted(about.st_uid)) return;
  Refuse(
      path,
      fmt::format("stands in '{}', which is a link that belongs to uid {}", folder, about.st_uid),
      "name a folder that belongs to the agent or to root");
}

void CheckFolder(const std::string& path, const std::string& folder, int descriptor) {
  struct stat about {};
  if (::fstat(descriptor, &about) != 0) Refuse(path, "has no usable folder: " + Reason(errno));
  if (!IsTrusted(about.st_uid)) {
    Refuse(path, fmt::format("stands in '{}', which belongs to uid {}", folder, about.st_uid),
           "name a folder that belongs to the agent or to root");
  }
  const bool others_write = (about.st_mode & (S_IWGRP | S_IWOTH)) != 0;
  if (others_write && (about.st_mode & S_ISVTX) == 0) {
    Refuse(path, fmt::format("stands in '{}', to which others may write", folder),
           fmt::format("chmod go-w '{}'", folder));
  }
}

// /run is empty at each start, and without systemd nobody makes folders in it. In Kubernetes it is
// an emptyDir, which has mode 0777: too open for the socket, while a folder that we make in it is
// closed. Elsewhere a folder that is missing is a mistake in the path.
void MakeFolderInRun(const std::string& folder) {
  if (FolderOf(folder) == "/run") ::mkdir(folder.c_str(), S_IRWXU | S_IRGRP | S_IXGRP);
}

Descriptor OpenFolder(const std::string& path) {
  const std::string folder = FolderOf(path);
  MakeFolderInRun(folder);
  CheckLink(path, folder);
  Descriptor descriptor(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.open() && errno == ENOENT) RefuseMissingFolder(path, folder);
  if (!descriptor.open()) {
    Refuse(path, fmt::format("has no usable folder: '{}': {}", folder, Reason(errno)));
  }
  CheckFolder(path, folder, descriptor.get());
  return descriptor;
}

[[noreturn]] void RefuseSecondAgent(const std::string& path, const std::string& pid) {
  const std::string whose = pid.empty() ? "" : fmt::format(" (pid {})", pid);
  Refuse(path, fmt::format("is that of another agent{}", whose),
         "stop that one, or give this one a socket of its own");
}

std::string PidIn(int lock) {
  std::array<char, 16> text{};
  const ssize_t size = ::pread(lock, text.data(), text.size(), 0);
  std::string pid(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  return pid.substr(0, pid.find_first_not_of("0123456789"));
}

// For the message of a second agent; a disk that is full does not keep us from working.
void WritePid(int lock) {
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(lock, 0) != 0) return;
  [[maybe_unused]] const ssize_t written = ::pwrite(lock, pid.data(), pid.size(), 0);
}

// In a folder such as /tmp somebody may have made a file or a link of that name before us.
void CheckLockFile(const std::string& path, int lock) {
  struct stat about {};
  const bool ours = ::fstat(lock, &about) == 0 && S_ISREG(about.st_mode) &&
                    IsTrusted(about.st_uid) && about.st_nlink == 1;
  if (ours) return;
  Refuse(path, fmt::format("cannot be locked: '{}.lock' is no file of the agent's own", path),
         "see whose it is, and remove it");
}

Descriptor Lock(const std::string& path, int folder) {
  const std::string name = NameIn(path) + ".lock";
  Descriptor lock(
      ::openat(folder, name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
  if (!lock.open()) {
    Refuse(path, fmt::format("cannot be locked: '{}.lock': {}", path, Reason(errno)),
           "the agent must be able to make files in that folder");
  }
  CheckLockFile(path, lock.get());
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) RefuseSecondAgent(path, PidIn(lock.get()));
    Refuse(path, fmt::format("cannot be locked: '{}.lock': {}", path, Reason(errno)));
  }
  WritePid(lock.get());
  return lock;
}

Descriptor NewSocket(const std::string& path) {
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.open()) Refuse(path, "cannot be made: " + Reason(errno));
  return socket;
}

sockaddr_un AddressOf(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, kLongestPath);
  return address;
}

std::string PidOfListener(int connection) {
  ucred peer{};
  socklen_t size = sizeof peer;
  const bool known = ::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
  return known && peer.pid > 0 ? std::to_string(peer.pid) : "";
}

// Somebody may listen without a lock: an agent whose lock's file was deleted, or another program.
void CheckNobodyListens(const std::string& path) {
  const Descriptor client = NewSocket(path);
  const sockaddr_un address = AddressOf(path);
  const auto* where = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(client.get(), where, sizeof address) == 0) {
    RefuseSecondAgent(path, PidOfListener(client.get()));
  }
  if (errno == EAGAIN) RefuseSecondAgent(path, "");  // and has more callers than it can take
  if (errno == ECONNREFUSED || errno == ENOENT) return;
  Refuse(path, "is there already, and cannot be tried: " + Reason(errno),
         "see whose it is, and remove it");
}

// REQUIRES: the lock is held.
void RemoveStaleSocket(const std::string& path, int folder) {
  const std::string name = NameIn(path);
  struct stat about {};
  if (::fstatat(folder, name.c_str(), &about, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return;
    Refuse(path, "cannot be looked at: " + Reason(errno));
  }
  if (!S_ISSOCK(about.st_mode)) {
    Refuse(path, "cannot be made: something that is no socket has that path, and was left alone",
           "remove it, or give the agent another path");
  }
  CheckNobodyListens(path);
  if (::unlinkat(folder, name.c_str(), 0) != 0 && errno != ENOENT) {
    Refuse(path, "was left behind and cannot be removed: " + Reason(errno), "remove it");
  }
}

std::optional<gid_t> GroupNamed(const std::string& name) {
  group about{};
  group* found = nullptr;
  std::vector<char> strings(1 << 16);
  ::getgrnam_r(name.c_str(), &about, strings.data(), strings.size(), &found);
  if (found != nullptr) return about.gr_gid;
  gid_t number = 0;
  const char* end = name.data() + name.size();
  const auto [rest, error] = std::from_chars(name.data(), end, number);
  if (error != std::errc() || rest != end) return std::nullopt;
  return number;
}

std::optional<gid_t> WantedGroup(const ControlSocketOptions& options) {
  if (options.group.empty()) return std::nullopt;
  const auto group = GroupNamed(options.group);
  if (group) return group;
  Refuse(options.path, fmt::format("cannot belong to the group '{}': there is none", options.group),
         "name a group of this machine in socket.group");
}

class Umask {
 public:
  explicit Umask(mode_t mask) : before_(::umask(mask)) {}
  ~Umask() { ::umask(before_); }
  Umask(const Umask&) = delete;
  Umask& operator=(const Umask&) = delete;

 private:
  mode_t before_;
};

// With no bits for a group that is not the wanted one yet.
void Bind(const Descriptor& socket, const ControlSocketOptions& options) {
  const mode_t wanted = options.mode & 0777;
  const Umask umask(~(options.group.empty() ? wanted : wanted & 0700) & 0777);
  const sockaddr_un address = AddressOf(options.path);
  const auto* where = reinterpret_cast<const sockaddr*>(&address);
  if (::bind(socket.get(), where, sizeof address) != 0) {
    Refuse(options.path, "cannot be made: " + Reason(errno));
  }
}

}  // namespace

// The socket's name in its folder, from bind() on; removed in the end, if it is still ours.
class ControlSocket::File {
 public:
  // REQUIRES: just bound.
  File(const std::string& path, Descriptor folder)
      : folder_(std::move(folder)), name_(NameIn(path)) {
    struct stat by_path {};
    if (!Look(made_) || ::lstat(path.c_str(), &by_path) != 0 || !IsSame(by_path)) {
      Refuse(path, "is not where it was made: its folder was changed meanwhile");
    }
  }
  ~File() {
    struct stat now {};
    if (Look(now) && IsSame(now)) ::unlinkat(folder_.get(), name_.c_str(), 0);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  void GiveTo(const ControlSocketOptions& options, gid_t group) {
    if (::fchownat(folder_.get(), name_.c_str(), static_cast<uid_t>(-1), group,
                   AT_SYMLINK_NOFOLLOW) == 0) {
      return;
    }
    Refuse(options.path,
           fmt::format("cannot be given to the group '{}': {}", options.group, Reason(errno)),
           "the agent's user must be in that group: usermod -a -G, or SupplementaryGroups=");
  }

  // The umask is not the last word: a folder's default access list overrides it.
  void SetMode(const ControlSocketOptions& options) {
    const mode_t wanted = options.mode & 0777;
    struct stat now {};
    if (Look(now) && (now.st_mode & kPermissions) == wanted) return;
    if (::fchmodat(folder_.get(), name_.c_str(), wanted, 0) == 0) return;
    Refuse(options.path, fmt::format("cannot get the mode {:04o}: {}", wanted, Reason(errno)));
  }

 private:
  bool Look(struct stat& about) const {
    return ::fstatat(folder_.get(), name_.c_str(), &about, AT_SYMLINK_NOFOLLOW) == 0;
  }
  bool IsSame(const struct stat& other) const {
    return S_ISSOCK(other.st_mode) && other.st_dev == made_.st_dev && other.st_ino == made_.st_ino;
  }

  Descriptor folder_;
  std::string name_;
  struct stat made_ {};
};

// Nobody gets in before listen(): until then the kernel refuses whoever connects.
ControlSocket::ControlSocket(const ControlSocketOptions& options) : path_(options.path) {
  CheckPath(path_);
  const auto group = WantedGroup(options);
  Descriptor folder = OpenFolder(path_);
  lock_ = Lock(path_, folder.get());
  RemoveStaleSocket(path_, folder.get());
  listening_ = NewSocket(path_);
  Bind(listening_, options);
  file_ = std::make_unique<File>(path_, std::move(folder));
  if (group) file_->GiveTo(options, *group);
  file_->SetMode(options);
  if (::listen(listening_.get(), kBacklog) != 0) {
    Refuse(path_, "cannot listen: " + Reason(errno));
  }
}

ControlSocket::~ControlSocket() = default;

Descriptor ControlSocket::TakeListening() { return std::move(listening_); }

}  // namespace lockstep
