#include "agent/folder_mark.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <sstream>

#include "base/error.h"
#include "base/hash.h"
#include "base/text.h"

namespace lockstep {
namespace {

constexpr long long kNanosecondsInSecond = 1'000'000'000;

bool Counts(std::string_view name) { return name.ends_with(".sql") || name == kManifestName; }

long long NanosecondsOf(const timespec& time) {
  return time.tv_sec * kNanosecondsInSecond + time.tv_nsec;
}

// A file that went away between the listing and the look is one that changes.
FileMark MarkOf(const std::filesystem::path& path) {
  FileMark mark{.name = path.filename().string()};
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return mark;
  mark.bytes = status.st_size;
  mark.inode = status.st_ino;
  mark.changed_ns = std::max(NanosecondsOf(status.st_mtim), NanosecondsOf(status.st_ctim));
  return mark;
}

// "HASH  NAME" and "HASH *NAME", as sha256sum writes them.
std::map<std::string, std::string> ReadManifest(const std::string& text) {
  std::map<std::string, std::string> hashes;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with('\r')) line.pop_back();
    constexpr std::size_t kHashDigits = 64;
    if (line.size() < kHashDigits + 3) continue;
    std::string name = line.substr(kHashDigits + 2);
    if (name.starts_with("./")) name.erase(0, 2);
    hashes[name] = ToLower(line.substr(0, kHashDigits));
  }
  return hashes;
}

ManifestSight Incomplete(const std::string& problem) {
  return {ManifestState::kIncomplete, problem};
}

}  // namespace

bool FolderMark::IsOlderThan(Duration settle, WallTime now) const {
  const auto limit = std::chrono::duration_cast<Duration>(now.time_since_epoch() - settle).count();
  return listing_changed_ns <= limit && std::ranges::all_of(files, [limit](const FileMark& file) {
           return file.changed_ns <= limit;
         });
}

FolderMark ReadFolderMark(const std::string& folder) {
  FolderMark mark;
  // Before the listing: what goes meanwhile is seen by its time or by its name.
  mark.listing_changed_ns = MarkOf(folder).changed_ns;
  std::error_code problem;
  std::filesystem::directory_iterator entries(folder, problem);
  const std::filesystem::directory_iterator end;
  while (!problem && entries != end) {
    if (Counts(entries->path().filename().string())) mark.files.push_back(MarkOf(entries->path()));
    entries.increment(problem);
  }
  if (problem) {
    return {
        .files = {},
        .problem = "cannot look at the folder \"" + Escaped(folder) + "\": " + problem.message()};
  }
  std::ranges::sort(mark.files, {}, &FileMark::name);
  return mark;
}

ManifestSight CheckManifest(FileTree& files) {
  const std::vector<std::string> names = files.List();
  if (std::ranges::find(names, kManifestName) == names.end()) return {};
  const FileContent manifest = files.Read(kManifestName);
  if (const auto* problem = std::get_if<FileProblem>(&manifest))
    return Incomplete(problem->message);
  std::map<std::string, std::string> hashes = ReadManifest(std::get<std::string>(manifest));
  for (const std::string& name : names) {
    if (!name.ends_with(".sql")) continue;
    const auto listed = hashes.find(name);
    if (listed == hashes.end()) {
      return Incomplete("\"" + Escaped(name) + "\" does not stand in " + kManifestName);
    }
    const FileContent content = files.Read(name);
    if (const auto* problem = std::get_if<FileProblem>(&content)) {
      return Incomplete(problem->message);
    }
    if (Sha256(std::get<std::string>(content)) != listed->second) {
      return Incomplete("\"" + Escaped(name) + "\" is not what " + kManifestName + " says");
    }
    hashes.erase(listed);
  }
  for (const auto& [name, hash] : hashes) {
    if (name.ends_with(".sql")) return Incomplete("\"" + Escaped(name) + "\" is missing");
  }
  return {.state = ManifestState::kComplete};
}

}  // namespace lockstep
