// The run's second session: short questions about who stands in whose way, asked beside the session
// that changes the database.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <type_traits>

#include "base/clock.h"
#include "base/error.h"
#include "postgres/session.h"

namespace lockstep {

// Opens its session at the first question, and a new one after a loss; a server that refuses one is
// left alone for `rest`. Holds no snapshot between two questions: an index build would wait for it.
// No answer takes longer than two seconds; a run goes on without it. Thread: any.
class Lookout {
 public:
  Lookout(SessionFactory open, Clock& clock, Duration rest = std::chrono::seconds(1))
      : open_(std::move(open)), clock_(clock), rest_(rest) {}

  // The answer; nothing when no session can be had, or the question is refused or not answered.
  template <typename Question>
  std::optional<std::invoke_result_t<Question, Session&>> Ask(Question question) {
    const std::lock_guard guard(mutex_);
    if (!HasSession()) return {};
    auto answer = Answer(question);
    if (answer || opened_) return answer;
    // The session was lost, which says nothing of the server: once more, in a new one.
    if (!HasSession()) return {};
    return Answer(question);
  }

  // The same, but no session is opened for it.
  template <typename Question>
  std::optional<std::invoke_result_t<Question, Session&>> AskIfOpen(Question question) {
    const std::lock_guard guard(mutex_);
    if (!opened_) return {};
    return Answer(question);
  }

  // pg_monitor, or the like: without it the age of other roles' transactions is hidden. Nothing
  // when no session can be had.
  std::optional<bool> SeesAllActivity() {
    const std::lock_guard guard(mutex_);
    if (!HasSession()) return {};
    return opened_->facts.sees_all_activity;
  }

 private:
  template <typename Question>
  std::optional<std::invoke_result_t<Question, Session&>> Answer(Question& question) {
    try {
      return question(*opened_->session);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kConnectionLost) opened_.reset();
      return {};
    }
  }

  // These two with mutex_ held.
  bool HasSession() {
    if (opened_) return true;
    if (clock_.Now() < next_opening_) return false;
    try {
      Open();
    } catch (const Error&) {
      next_opening_ = clock_.Now() + rest_;
    }
    return opened_.has_value();
  }

  void Open() {
    constexpr std::chrono::milliseconds kLongest{2'000};
    OpenedSession opened = open_({.purpose = "watch",
                                  .connect_timeout = kLongest,
                                  .answer_deadline = kLongest + kLongest / 2});
    RequireSuccess(opened.session->Send("set statement_timeout = '2s'", Keep::kNothing, kLongest));
    opened_ = std::move(opened);
  }

  SessionFactory open_;
  Clock& clock_;
  Duration rest_;
  std::mutex mutex_;
  std::optional<OpenedSession> opened_;  // guarded by mutex_
  SteadyTime next_opening_{};            // guarded by mutex_
};

}  // namespace lockstep
