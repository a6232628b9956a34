#include "agent/kept_folder.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/file_tree.h"
#include "core/duration.h"

namespace lockstep {
namespace {

// However short the folder's time to settle is, what is wrong with it is not looked at without end.
constexpr Duration kShortestPause = std::chrono::milliseconds(100);

}  // namespace

KeptFolder::KeptFolder(std::string path, FolderTimes times, const Clock& clock)
    : path_(std::move(path)), times_(times), clock_(clock) {}

void KeptFolder::Use(std::string path, FolderTimes times) {
  if (path != path_) taken_.reset();
  path_ = std::move(path);
  times_ = times;
  ExpectChange();
}

KeptFolder::Sight KeptFolder::Look() {
  if (clock_.Now() < next_look_) return Sight::kSame;
  FolderMark mark = ReadFolderMark(path_);
  unreadable_ = !mark.problem.empty();
  if (unreadable_) return Wait(mark.problem, times_.settle);
  if (taken_ == mark) {
    at_rest_ = true;
    problem_.clear();
    next_look_ = clock_.Now() + times_.rescan;
    return Sight::kSame;
  }
  if (mark != seen_) {
    seen_ = mark;
    seen_since_ = clock_.Now();
  }
  try {
    return LookInside(mark);
  } catch (const Error& error) {
    return Wait(error.what(), times_.settle);
  }
}

KeptFolder::Sight KeptFolder::LookInside(const FolderMark& mark) {
  DiskFileTree files(path_);
  const ManifestSight manifest = CheckManifest(files);
  if (manifest.state == ManifestState::kIncomplete) {
    return Wait("the folder is not complete: " + manifest.problem, times_.settle);
  }
  if (manifest.state == ManifestState::kNone && !HasComeToRest(mark)) {
    return Wait("the folder is being changed; it is read once it has been left alone for " +
                    ToText(times_.settle),
                seen_since_ + times_.settle - clock_.Now());
  }
  return Take(mark);
}

// By the file system's clock, which spares a wait at the start; where that is ahead of ours, by
// what we have seen.
bool KeptFolder::HasComeToRest(const FolderMark& mark) {
  return mark.IsOlderThan(times_.settle, clock_.WallNow()) ||
         clock_.Now() - seen_since_ >= times_.settle;
}

KeptFolder::Sight KeptFolder::Take(const FolderMark& mark) {
  DiskFileTree files(path_);
  auto folder = std::make_shared<const MigrationFolder>(MigrationFolder::Load(files));
  // It was changed while it was read: what was read may be half of it.
  if (ReadFolderMark(path_) != mark) return Wait("the folder is being changed", times_.settle);
  folder_ = std::move(folder);
  taken_ = mark;
  was_taken_ = at_rest_ = true;
  problem_.clear();
  next_look_ = clock_.Now() + times_.rescan;
  return Sight::kTaken;
}

KeptFolder::Sight KeptFolder::Wait(std::string why, Duration pause) {
  at_rest_ = false;
  problem_ = std::move(why);
  next_look_ = clock_.Now() + std::max(pause, kShortestPause);
  return Sight::kSame;
}

}  // namespace lockstep
