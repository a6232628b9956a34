#include "base/file_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/fail_point.h"

namespace lockstep {
namespace {

std::string ReasonOf(int error) { return std::generic_category().message(error); }

[[noreturn]] void ThrowFolderError(const std::string& folder, int error) {
  std::string hint;
  if (error == ENOENT) hint = "name the folder of migrations with --dir, or create it";
  if (error == ENOTDIR) hint = "--dir takes the folder, not one of its files";
  if (error == EACCES) hint = "let this user read and enter the folder";
  throw Error(ErrorCode::kFileRead,
              fmt::format("cannot read the folder \"{}\": {}", folder, ReasonOf(error)), hint);
}

constexpr int kReadOnly = O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;

std::string ProcPathOf(int descriptor) { return "/proc/self/fd/" + std::to_string(descriptor); }

std::string PlaceOf(int descriptor) {
  std::error_code ignored;
  return std::filesystem::read_symlink(ProcPathOf(descriptor), ignored).string();
}

// As OpenBeneath, where there is no openat2: looks where the name leads, and then opens what was
// found there.
int FindAndOpen(int folder, const std::string& name) {
  const Descriptor found(openat(folder, name.c_str(), O_PATH | O_CLOEXEC));
  if (!found.open()) return -1;
  if (!PlaceOf(found.get()).starts_with(PlaceOf(folder) + "/")) {
    errno = EXDEV;
    return -1;
  }
  return open(ProcPathOf(found.get()).c_str(), kReadOnly);
}

// openat2 has no wrapper in glibc. It answers EAGAIN when a rename elsewhere disturbed its look at
// "..": the way to go on is to ask again.
int OpenBeneath(int folder, const std::string& name) {
  open_how how{};
  how.flags = kReadOnly;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  long descriptor = -1;
  for (int tries = 0; tries < 100; ++tries) {
    descriptor = syscall(SYS_openat2, folder, name.c_str(), &how, sizeof(how));
    if (descriptor >= 0 || (errno != EAGAIN && errno != EINTR)) break;
  }
  // A kernel before 5.6; a container's or valgrind's list of system calls that is older still.
  if (descriptor < 0 && (errno == ENOSYS || errno == EPERM)) return FindAndOpen(folder, name);
  return static_cast<int>(descriptor);
}

FileProblem NotAFile(std::string_view what) {
  return {"not-a-file", fmt::format("this is {}, not a regular file", what),
          "move it out of the folder, or give it a name that does not end in .sql"};
}

FileProblem OpenProblem(int error) {
  switch (error) {
    case ELOOP:
      return {"symlink-loop", "this is a symbolic link that leads back to itself",
              "let the link name a file in the folder"};
    case EXDEV:
      return {"outside-folder", "this is a symbolic link that leads out of the folder",
              "put the file itself into the folder; a link may only name files in it, by a "
              "relative path"};
    case ENXIO:
      return NotAFile("a socket or a device");
    case EACCES:
      return {"unreadable", fmt::format("this cannot be read: {}", ReasonOf(error)),
              "let this user read the file"};
    case ENOENT:
      return {"unreadable", "this is a symbolic link to a file that is not there",
              "put the file there, or remove the link"};
    default:
      return {"unreadable", fmt::format("this cannot be read: {}", ReasonOf(error)), ""};
  }
}

FileProblem TooLarge(std::size_t bytes) {
  return {"too-large",
          fmt::format("this has {} bytes, more than the {} MiB that a migration may have", bytes,
                      kMaxFileBytes >> 20),
          "load data with another tool, or split the migration"};
}

std::string_view KindOf(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

// Says whether there is more; nothing leaves the reason in errno.
std::optional<bool> ReadMore(int descriptor, std::size_t room, std::string& content) {
  const std::size_t have = content.size();
  content.resize(room);
  ssize_t got = 0;
  do {
    got = read(descriptor, content.data() + have, room - have);
  } while (got < 0 && errno == EINTR);
  content.resize(have + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  if (got < 0) return {};
  return got > 0;
}

// One byte of room beyond the size that fstat told shows whether the file grew since: as many bytes
// as it told are the whole file, without asking again.
FileContent ReadWhole(int descriptor, std::size_t expected) {
  std::string content;
  for (std::size_t room = expected + 1;;) {
    const std::optional<bool> more = ReadMore(descriptor, room, content);
    if (!more) return OpenProblem(errno);
    if (content.size() > kMaxFileBytes) return TooLarge(content.size());
    if (!*more || content.size() == expected) return content;
    if (content.size() == room) room = std::min(2 * room, kMaxFileBytes + 1);
  }
}

FileContent ReadFile(int folder, const std::string& name) {
  FailPoint("file_read");
  const Descriptor file(OpenBeneath(folder, name));
  if (!file.open()) return OpenProblem(errno);
  struct stat status {};
  if (fstat(file.get(), &status) != 0) return OpenProblem(errno);
  if (!S_ISREG(status.st_mode)) return NotAFile(KindOf(status.st_mode));
  const auto bytes = static_cast<std::size_t>(status.st_size);
  if (bytes > kMaxFileBytes) return TooLarge(bytes);
  return ReadWhole(file.get(), bytes);
}

constexpr std::size_t kWorthAThread = 100;  // files, which take half a millisecond

}  // namespace

std::vector<FileContent> FileTree::ReadAll(const std::vector<std::string>& names) {
  std::vector<FileContent> contents;
  for (const std::string& name : names) contents.push_back(Read(name));
  return contents;
}

DiskFileTree::DiskFileTree(std::string folder) : folder_(std::move(folder)) {}

int DiskFileTree::OpenedFolder() {
  if (!descriptor_.open()) {
    descriptor_ = Descriptor(open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  if (!descriptor_.open()) ThrowFolderError(folder_, errno);
  return descriptor_.get();
}

std::vector<std::string> DiskFileTree::List() {
  // The path is looked up anew: what stands there now is listed and then read, also where a new
  // folder was put into the place of the old one.
  descriptor_.Close();
  const int listed = openat(OpenedFolder(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (listed < 0) ThrowFolderError(folder_, errno);
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(fdopendir(listed), closedir);
  if (!directory) ThrowFolderError(folder_, errno);
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
    errno = 0;
  }
  if (errno != 0) ThrowFolderError(folder_, errno);
  std::sort(names.begin(), names.end());
  return names;
}

FileContent DiskFileTree::Read(const std::string& name) { return ReadFile(OpenedFolder(), name); }

std::vector<FileContent> DiskFileTree::ReadAll(const std::vector<std::string>& names) {
  std::vector<FileContent> contents(names.size());
  const int folder = OpenedFolder();
  const auto read = [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) contents[i] = ReadFile(folder, names[i]);
  };
  const std::size_t half = names.size() / 2;
  std::future<void> rest;
  if (names.size() >= kWorthAThread) {
    rest = std::async(std::launch::async, read, half, names.size());
  }
  read(0, rest.valid() ? half : names.size());
  if (rest.valid()) rest.get();
  return contents;
}

std::string DiskFileTree::PathOf(const std::string& name) const {
  return folder_.ends_with('/') ? folder_ + name : folder_ + "/" + name;
}

}  // namespace lockstep
