#include "engine/run_watcher.h"

#include <algorithm>
#include <exception>

#include "base/error.h"
#include "postgres/blockers.h"

namespace lockstep {
namespace {

constexpr Duration kTick = std::chrono::milliseconds(250);
// Shorter than what the breaker allows others to wait, by a good deal.
constexpr Duration kGuardTick = std::chrono::milliseconds(20);
constexpr Duration kFirstReport = std::chrono::milliseconds(500);

constexpr std::string_view kWaitingSql =
    "select wait_event_type = 'Lock' from pg_catalog.pg_stat_activity where pid = $1";

constexpr std::string_view kIndexBuildSql =
    "select p.phase, case when p.blocks_total > 0 then p.blocks_done::float8 / p.blocks_total"
    " when p.lockers_total > 0 then p.lockers_done::float8 / p.lockers_total else -1 end,"
    " p.current_locker_pid, a.application_name, a.state"
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

RunWatcher::RunWatcher(const WatcherTools& tools, StopTokens stop)
    : tools_(tools),
      canceller_(tools.watched.MakeCanceller()),
      watched_pid_(tools.watched.backend_pid()),
      stop_(std::move(stop)),
      thread_([this](std::stop_token end) { Watch(std::move(end)); }) {}

RunWatcher::~RunWatcher() = default;

void RunWatcher::Begin(WatchOrder order) {
  const std::lock_guard guard(mutex_);
  order_ = std::move(order);
  ++statement_;
  seen_ = {};
  victims_told_ = false;
  began_ = tools_.clock.Now();
  next_report_ = began_ + kFirstReport;
  alarm_.request_stop();
}

Sighting RunWatcher::End() {
  const std::lock_guard guard(mutex_);
  if (order_ && order_->breaker) seen_.worst = order_->breaker->worst();
  order_.reset();
  return seen_;
}

void RunWatcher::Watch(std::stop_token end) {
  while (!end.stop_requested()) {
    Sleep(end);
    try {
      Look();
    } catch (const std::exception& error) {
      // Watching is a service: the run goes on without it.
      tools_.observer.OnMessage(std::string("the statement is not watched: ") + error.what());
      return;
    }
  }
}

// Until the next tick, the end, the beginning of a statement, or a request to stop that was not
// there before.
void RunWatcher::Sleep(std::stop_token end) {
  std::stop_source alarm;
  Duration tick = kTick;
  {
    const std::lock_guard guard(mutex_);
    alarm_ = alarm;
    if (order_ && (order_->breaker || order_->ending)) tick = kGuardTick;
  }
  const auto wake = [&alarm] { alarm.request_stop(); };
  const std::stop_callback at_end(end, wake);
  std::optional<std::stop_callback<decltype(wake)>> at_soft, at_now;
  if (!stop_.after_current.stop_requested()) at_soft.emplace(stop_.after_current, wake);
  if (!stop_.now.stop_requested()) at_now.emplace(stop_.now, wake);
  tools_.clock.SleepFor(tick, alarm.get_token());
}

// Each part asks without the lock, since an answer may be long in coming and End() must not wait
// for it while the statement's locks are held; then it looks whether the statement is still the one
// that it asked about.
void RunWatcher::Look() {
  const std::optional<WatchOrder> order = Order();
  if (!order) return;
  CarryOutStop(*order);
  if (order->breaker) GuardOthers();
  if (order->ending && may_end_) EndBlockers(*order->ending);
  if (!IsTimeToReport()) return;
  TellProgress(NoteBlockers());
}

std::optional<WatchOrder> RunWatcher::Order() {
  const std::lock_guard guard(mutex_);
  looked_at_ = statement_;
  return order_;
}

// Runs `act` under the lock if the statement that was looked at still runs: a cancel then never
// meets a later one, since End() waits for it.
template <typename Act>
void RunWatcher::WhileItRuns(Act act) {
  const std::lock_guard guard(mutex_);
  if (order_ && looked_at_ == statement_) act();
}

bool RunWatcher::IsTimeToReport() {
  const std::lock_guard guard(mutex_);
  const SteadyTime now = tools_.clock.Now();
  if (now < next_report_) return false;
  next_report_ = now + kTick;
  return true;
}

void RunWatcher::CarryOutStop(const WatchOrder& order) {
  const bool soft = stop_.after_current.stop_requested();
  const bool only_waits = soft && order.kind == WatchedKind::kTransaction && IsWaiting();
  if (!stop_.now.stop_requested() && !only_waits) return;
  WhileItRuns([this] {
    seen_.cancelled_on_request = true;
    Cancel();
  });
}

bool RunWatcher::IsWaiting() {
  const auto rows = tools_.lookout.Ask([this](Session& session) {
    return session.Query(kWaitingSql, {std::to_string(watched_pid_)});
  });
  return rows && !rows->empty() && rows->Bool(0, 0);
}

// Without an answer only the time is known for which locks may have been held.
void RunWatcher::GuardOthers() {
  const auto strain =
      tools_.lookout.Ask([this](Session& session) { return ReadStrain(session, watched_pid_); });
  bool nobody_noted = false;
  WhileItRuns([&] {
    nobody_noted = strain && strain->waiting && seen_.blockers.empty();
    const Strain caused = CausedByIt(strain);
    TellVictims(caused);
    const auto cause = order_->breaker->See(caused, tools_.clock.Now());
    if (!cause) return;
    seen_.broken = cause;
    Cancel();
  });
  if (nobody_noted) NoteBlockers();
}

// With mutex_ held, so that nothing is told of an attempt that is over.
void RunWatcher::TellVictims(const Strain& strain) {
  const bool any = strain.victims > 0;
  if (any || victims_told_) tools_.observer.OnVictims(strain.victims, strain.worst_wait_seconds);
  victims_told_ = any;
}

// A session may have been waiting for somebody else before it came to wait for us.
Strain RunWatcher::CausedByIt(std::optional<Strain> strain) const {
  Strain caused = strain.value_or(Strain{});
  caused.worst_wait_seconds =
      std::min(caused.worst_wait_seconds, ToSeconds(tools_.clock.Now() - began_));
  return caused;
}

void RunWatcher::EndBlockers(const EndingRule& rule) {
  std::string refusal;
  const auto ended = tools_.lookout.Ask([&](Session& session) -> std::vector<EndedBlocker> {
    try {
      return EndBlockersOf(session, watched_pid_, rule, cancelled_);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kPermission) throw;
      refusal = error.what();
      return {};
    }
  });
  if (!refusal.empty()) {
    may_end_ = false;
    tools_.observer.OnMessage("sessions in the way are no longer ended: " + refusal);
  }
  if (!ended) return;
  for (const EndedBlocker& one : *ended) {
    cancelled_.insert(one.blocker.pid);
    Blocker shown = one.blocker;
    shown.query = Disclosed(shown.query, tools_.blocker_query);
    tools_.observer.OnMessage((one.terminated ? "terminated: " : "cancelled: ") + ToText(shown));
  }
}

// An index build tells by itself for whom it waits; of others the lock tables do.
void RunWatcher::TellProgress(const std::vector<Blocker>& blockers) {
  const auto rows = tools_.lookout.Ask([this](Session& session) {
    return session.Query(kIndexBuildSql, {std::to_string(watched_pid_)});
  });
  if (!rows) return;
  StatementProgress progress;
  if (!rows->empty()) {
    progress = ProgressFrom(*rows);
  } else if (!blockers.empty()) {
    progress.blocker_pid = blockers.front().pid;
    progress.blocker = ToText(blockers.front());
  }
  tools_.observer.OnStatementProgress(progress);
}

std::vector<Blocker> RunWatcher::NoteBlockers() {
  auto found =
      tools_.lookout.Ask([this](Session& session) { return FindBlockers(session, watched_pid_); });
  if (!found || found->empty()) return {};
  std::vector<Blocker> blockers = Disclosed(std::move(*found), tools_.blocker_query);
  WhileItRuns([&] { seen_.blockers = blockers; });
  return blockers;
}

// By the session beside it, which is there already; without one, by a connection of its own.
void RunWatcher::Cancel() {
  const auto cancelled = tools_.lookout.AskIfOpen([this](Session& session) {
    CancelBackend(session, watched_pid_);
    return true;
  });
  if (!cancelled) canceller_->Cancel();
}

}  // namespace lockstep
