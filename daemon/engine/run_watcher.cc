#include "engine/run_watcher.h"

#include "base/error.h"
#include "postgres/blockers.h"

namespace lockstep {
namespace {

constexpr Duration kTick = std::chrono::milliseconds(250);
constexpr int kTicksBeforeLooking = 2;

constexpr std::string_view kWaitingSql =
    "select wait_event_type = 'Lock' from pg_catalog.pg_stat_activity where pid = $1";

constexpr std::string_view kIndexBuildSql =
    "select p.phase, case when p.blocks_total > 0 then p.blocks_done::float8 / p.blocks_total"
    " when p.lockers_total > 0 then p.lockers_done::float8 / p.lockers_total else -1 end,"
    " p.current_locker_pid, a.application_name, a.state, a.query"
    " from pg_catalog.pg_stat_progress_create_index p"
    " left join pg_catalog.pg_stat_activity a on a.pid = p.current_locker_pid"
    " where p.pid = $1";

StatementProgress ProgressFrom(const Rows& rows) {
  StatementProgress progress;
  progress.phase = rows.Text(0, 0);
  progress.fraction = rows.Real(0, 1);
  progress.blocker_pid = static_cast<int>(rows.Int(0, 2));
  if (progress.blocker_pid == 0) return progress;
  progress.blocker =
      "pid " + rows.Text(0, 2) + " (" + rows.Text(0, 3) + ", " + rows.Text(0, 4) + ")";
  return progress;
}

}  // namespace

RunWatcher::RunWatcher(SessionFactory open, Session& watched, Clock& clock, RunObserver& observer,
                       StopTokens stop)
    : open_(std::move(open)),
      canceller_(watched.MakeCanceller()),
      watched_pid_(watched.backend_pid()),
      clock_(clock),
      observer_(observer),
      stop_(std::move(stop)),
      thread_([this](std::stop_token end) { Watch(std::move(end)); }) {}

RunWatcher::~RunWatcher() = default;

void RunWatcher::Begin(WatchedKind kind) {
  const std::lock_guard guard(mutex_);
  running_ = true;
  ticks_ = 0;
  kind_ = kind;
}

void RunWatcher::End() {
  const std::lock_guard guard(mutex_);
  running_ = false;
}

std::vector<std::string> RunWatcher::Blockers() const {
  const std::lock_guard guard(mutex_);
  return blockers_;
}

void RunWatcher::Watch(std::stop_token end) {
  while (!end.stop_requested()) {
    Sleep(end);
    try {
      Look();
    } catch (const Error&) {
      // Watching is a service: without a session of its own the run goes on unwatched.
      own_.reset();
    }
  }
}

// Until the next tick, the end, or a request to stop that was not there before.
void RunWatcher::Sleep(std::stop_token end) {
  std::stop_source wake;
  const auto request = [&wake] { wake.request_stop(); };
  const std::stop_callback at_end(end, request);
  if (stop_.now.stop_requested()) {
    clock_.SleepFor(kTick, wake.get_token());
    return;
  }
  const std::stop_callback at_now(stop_.now, request);
  if (stop_.after_current.stop_requested()) {
    clock_.SleepFor(kTick, wake.get_token());
    return;
  }
  const std::stop_callback at_soft(stop_.after_current, request);
  clock_.SleepFor(kTick, wake.get_token());
}

// The lock is held while cancelling: End() then waits, and a cancel never meets a later statement.
void RunWatcher::Look() {
  const std::lock_guard guard(mutex_);
  if (!running_) return;
  ++ticks_;
  if (stop_.now.stop_requested()) return canceller_->Cancel();
  if (stop_.after_current.stop_requested() && kind_ == WatchedKind::kTransaction) {
    return CancelIfWaiting();
  }
  if (ticks_ < kTicksBeforeLooking) return;
  TellProgress();
  NoteBlockers();
}

void RunWatcher::CancelIfWaiting() {
  const Rows rows = Own().Query(kWaitingSql, {std::to_string(watched_pid_)});
  if (!rows.empty() && rows.Bool(0, 0)) canceller_->Cancel();
}

void RunWatcher::TellProgress() {
  const Rows rows = Own().Query(kIndexBuildSql, {std::to_string(watched_pid_)});
  observer_.OnStatementProgress(rows.empty() ? StatementProgress{} : ProgressFrom(rows));
}

void RunWatcher::NoteBlockers() {
  const std::vector<Blocker> blockers = FindBlockers(Own(), watched_pid_);
  if (blockers.empty()) return;
  blockers_.clear();
  for (const Blocker& blocker : blockers) blockers_.push_back(ToText(blocker));
}

Session& RunWatcher::Own() {
  if (!own_) own_ = open_({.purpose = "watch"}).session;
  return *own_;
}

}  // namespace lockstep
