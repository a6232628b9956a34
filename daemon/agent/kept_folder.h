// The folder of migrations as the agent has it: read once it has come to rest, kept until it
// changes.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "agent/folder_mark.h"
#include "base/clock.h"
#include "core/migration_folder.h"

namespace lockstep {

struct FolderTimes {
  Duration settle = std::chrono::seconds(2);   // unchanged for so long before it is read
  Duration rescan = std::chrono::seconds(60);  // a full look, whatever was told
};

// A folder that has not changed costs one stat a file and look.
// Thread: its target's.
class KeptFolder {
 public:
  KeptFolder(std::string path, FolderTimes times, const Clock& clock);

  // Another folder, or other times, from the next look on. What is kept stays until then.
  void Use(std::string path, FolderTimes times);
  // Somebody says that it has changed, or it shall be read in any case.
  void ExpectChange() { next_look_ = {}; }

  enum class Sight { kSame, kTaken };
  // Looks when it is time; takes what is there when that has changed and come to rest.
  Sight Look();

  // What is kept is what is there.
  bool at_rest() const { return at_rest_; }
  // It cannot be listed at all: waiting does not help.
  bool unreadable() const { return unreadable_; }
  SteadyTime next_look() const { return next_look_; }
  // Never null. Before the first one was taken it is empty.
  const std::shared_ptr<const MigrationFolder>& folder() const { return folder_; }
  bool was_taken() const { return was_taken_; }
  // Why it is not at rest, or cannot be read; empty when all is well.
  const std::string& problem() const { return problem_; }

 private:
  bool HasComeToRest(const FolderMark& mark);
  // Both throw Error when a file cannot be read.
  Sight LookInside(const FolderMark& mark);
  Sight Take(const FolderMark& mark);
  Sight Wait(std::string why, Duration pause);

  std::string path_;
  FolderTimes times_;
  const Clock& clock_;
  std::shared_ptr<const MigrationFolder> folder_ = std::make_shared<const MigrationFolder>();
  bool was_taken_ = false;
  bool at_rest_ = false;
  bool unreadable_ = false;
  std::optional<FolderMark> taken_;  // of what is kept; nothing: it is of another folder
  FolderMark seen_;                  // at the last look
  SteadyTime seen_since_{};
  SteadyTime next_look_{};
  std::string problem_;
};

}  // namespace lockstep
