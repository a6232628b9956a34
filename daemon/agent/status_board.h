// Where a target's status is put together from what several threads know of it, and looked at by
// all others.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "agent/target_status.h"
#include "base/published.h"

namespace lockstep {

// Thread: any.
class StatusBoard {
 public:
  // `on_change` is called by whoever has changed something, with nothing locked; must not wait.
  StatusBoard(TargetStatus first, std::function<void()> on_change)
      : now_(first), published_(std::move(first)), on_change_(std::move(on_change)) {}

  template <typename Change>
  void Update(Change change) {
    {
      const std::lock_guard guard(mutex_);
      change(now_);
      published_.Write(now_);
    }
    on_change_();
  }
  std::shared_ptr<const TargetStatus> Read() const { return published_.Read(); }

 private:
  std::mutex mutex_;
  TargetStatus now_;  // guarded by mutex_
  Published<TargetStatus> published_;
  std::function<void()> on_change_;
};

}  // namespace lockstep
