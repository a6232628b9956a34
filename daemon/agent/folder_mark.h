// Whether a folder of migrations has come to rest: nobody applies half of a deployment.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file_tree.h"

namespace lockstep {

// What can be seen of one file without reading it.
struct FileMark {
  std::string name;
  long long bytes = 0;
  unsigned long long inode = 0;
  long long changed_ns = 0;  // the later of mtime and ctime, since 1970

  bool operator==(const FileMark&) const = default;
};

// Of the files that count: those of migrations, and the manifest. By name.
struct FolderMark {
  std::vector<FileMark> files;
  std::string problem;  // why the folder could not be looked at; empty: it could
  // When a name last came or went: also that of a file that does not count.
  long long listing_changed_ns = 0;

  // Of the files alone.
  bool operator==(const FolderMark& other) const {
    return files == other.files && problem == other.problem;
  }

  // Nothing in it was changed in the last `settle`, by the file system's clock: nor was a file
  // taken away, as the first half of replacing them all.
  bool IsOlderThan(Duration settle, WallTime now) const;
};

// Looks at each file, reads none. Links are followed, as a ConfigMap's have to be.
FolderMark ReadFolderMark(const std::string& folder);

// The manifest, as "sha256sum *.sql > SHA256SUMS" writes it: with it a folder is complete as soon
// as everything in it is there, and never before.
inline constexpr const char* kManifestName = "SHA256SUMS";

enum class ManifestState { kNone, kComplete, kIncomplete };
struct ManifestSight {
  ManifestState state = ManifestState::kNone;
  std::string problem;  // the first thing that is missing or differs
};
// Reads every file that the manifest names, and the names of all others.
ManifestSight CheckManifest(FileTree& files);

}  // namespace lockstep
