// What a target's thread is told while it is busy or asleep: triggers coalesce, orders do not get
// lost.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "agent/run_journal.h"
#include "commands/agent_settings.h"

namespace lockstep {

struct Mail {
  std::set<RunSource> triggers;  // ten thousand signals are one
  bool folder_changed = false;   // says inotify
  bool refresh = false;          // somebody waits for a fresh picture
  std::optional<bool> pause;
  std::shared_ptr<const TargetSettings> settings;  // from now on
  bool end = false;                                // of the thread
};

// Thread: any.
class Inbox {
 public:
  template <typename Write>
  void Post(Write write) {
    {
      const std::lock_guard guard(mutex_);
      write(mail_);
      arrived_ = true;
    }
    came_.notify_one();
  }

  // Takes all that has come. Waits for it until `until` when there is nothing.
  Mail Wait(SteadyTime until) {
    std::unique_lock guard(mutex_);
    came_.wait_until(guard, until, [this] { return arrived_; });
    return Take(guard);
  }
  Mail Take() {
    std::unique_lock guard(mutex_);
    return Take(guard);
  }

  // Something has come that goes before any run that was not begun yet.
  bool ForbidsToBegin() const {
    const std::lock_guard guard(mutex_);
    return mail_.end || mail_.pause.has_value() || mail_.settings != nullptr;
  }
  // Something has come that a run gives way to while it only waits for the migration lock.
  bool IsWorthAnInterruption() const { return ForbidsToBegin() || HasNewsOfTheFolder(); }

 private:
  bool HasNewsOfTheFolder() const {
    const std::lock_guard guard(mutex_);
    return mail_.folder_changed;
  }

  Mail Take(std::unique_lock<std::mutex>&) {
    arrived_ = false;
    return std::exchange(mail_, {});
  }

  mutable std::mutex mutex_;
  std::condition_variable came_;
  Mail mail_;             // guarded by mutex_
  bool arrived_ = false;  // guarded by mutex_
};

}  // namespace lockstep
