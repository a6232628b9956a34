// An immutable picture that one thread makes and others look at.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace lockstep {

// Readers keep the picture that they took for as long as they like. Neither side waits for the
// other but for the moment in which a pointer is copied.
// Thread: any.
template <typename T>
class Published {
 public:
  explicit Published(T first = {}) : now_(std::make_shared<const T>(std::move(first))) {}

  std::shared_ptr<const T> Read() const {
    const std::lock_guard guard(mutex_);
    return now_;
  }
  void Write(T next) {
    auto picture = std::make_shared<const T>(std::move(next));
    const std::lock_guard guard(mutex_);
    now_.swap(picture);  // the old one goes after the lock has been given back
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> now_;  // guarded by mutex_
};

}  // namespace lockstep
