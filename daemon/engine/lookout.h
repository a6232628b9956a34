// The run's second session: short questions about who stands in whose way, asked beside the session
// that changes the database.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>

#include "base/error.h"
#include "postgres/session.h"

namespace lockstep {

// Opens its session at the first question, and a new one after a loss. Holds no snapshot between
// two questions: an index build would wait for it. A run goes on without answers. Thread: any.
class Lookout {
 public:
  explicit Lookout(SessionFactory open) : open_(std::move(open)) {}

  // The answer; nothing when no session can be had or the question is refused.
  template <typename Question>
  std::optional<std::invoke_result_t<Question, Session&>> Ask(Question question) {
    const std::lock_guard guard(mutex_);
    try {
      if (!opened_) opened_ = open_({.purpose = "watch"});
      return question(*opened_->session);
    } catch (const Error&) {
      opened_.reset();
      return {};
    }
  }

  // pg_monitor, or the like: without it the age of other roles' transactions is hidden. Nothing
  // when no session can be had.
  std::optional<bool> SeesAllActivity() {
    if (!Ask([](Session& session) { return session.backend_pid(); })) return {};
    const std::lock_guard guard(mutex_);
    if (!opened_) return {};
    return opened_->facts.sees_all_activity;
  }

 private:
  SessionFactory open_;
  std::mutex mutex_;
  std::optional<OpenedSession> opened_;  // guarded by mutex_
};

}  // namespace lockstep
