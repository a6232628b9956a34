#include "agent/run_journal.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/uuid.h"

namespace lockstep {
namespace {

constexpr std::size_t kRunsKept = 100;
constexpr std::size_t kEventsKept = 5000;
// Of one run; less than what a stream may have unsent (HttpLimits::unsent), so that who comes late
// gets them all.
constexpr std::size_t kBytesKept = 768 << 10;
constexpr std::size_t kBytesOfEnded = 16 << 20;  // of all that have ended together

}  // namespace

std::string_view NameOf(RunSource source) {
  static constexpr std::array<std::string_view, 7> kNames = {
      "start", "signal", "folder", "interval", "deferred", "failover", "api"};
  return kNames[static_cast<std::size_t>(source)];
}

std::string WordsOf(const RunOrder& order) {
  return (order.direction == Direction::kUp ? "upgrade " : "downgrade ") + order.goal;
}

std::string_view NameOf(RunPhase phase) {
  static constexpr std::array<std::string_view, 4> kNames = {"queued", "waiting", "running",
                                                             "ended"};
  return kNames[static_cast<std::size_t>(phase)];
}

void RunJournal::StopRequest::PassOn() const {
  if (!stop) return;
  if (now) {
    stop->RequestNow();
  } else {
    stop->RequestAfterCurrent();
  }
}

RunJournal::StopRequest RunJournal::StopRequestOf(const Entry& entry) {
  if (!entry.record.stopping) return {};
  return {entry.stop, entry.stop_now};
}

RunJournal::RunJournal(const Clock& clock, std::function<void()> on_change)
    : clock_(clock), on_change_(std::move(on_change)) {}

RunJournal::Entry* RunJournal::FindEntry(std::string_view id) {
  return const_cast<Entry*>(std::as_const(*this).FindEntry(id));
}

const RunJournal::Entry* RunJournal::FindEntry(std::string_view id) const {
  const auto found =
      std::ranges::find_if(entries_, [id](const Entry& entry) { return entry.record.id == id; });
  return found == entries_.end() ? nullptr : &*found;
}

const RunJournal::Entry* RunJournal::FindActive(std::string_view target) const {
  const auto found = std::ranges::find_if(entries_, [target](const Entry& entry) {
    return entry.record.phase != RunPhase::kEnded && entry.record.order.target == target;
  });
  return found == entries_.end() ? nullptr : &*found;
}

OrderAnswer RunJournal::Submit(const RunOrder& order, std::string_view idempotency_key) {
  std::unique_lock guard(mutex_);
  if (!idempotency_key.empty()) {
    const auto known = std::ranges::find(entries_, idempotency_key, &Entry::idempotency_key);
    if (known != entries_.end()) {
      if (!known->record.order.AsksTheSame(order)) return OrderConflict{known->record, true};
      return OrderTaken{known->record, true};
    }
  }
  if (const Entry* active = FindActive(order.target)) return OrderConflict{active->record};
  Entry& entry = entries_.emplace_front();
  entry.record.id = NewUuid();
  entry.record.order = order;
  entry.record.created_at = clock_.WallNow();
  entry.idempotency_key = idempotency_key;
  OrderTaken taken{entry.record};
  guard.unlock();
  on_change_();
  return taken;
}

// Only of those that have ended, by their end: who has just heard of one finds it, however long it
// took. There is one active run for each target.
void RunJournal::ForgetOldest() {
  while (ended_.size() > kRunsKept) {
    entries_.erase(ended_.front());
    ended_.pop_front();
  }
  std::size_t bytes = 0;
  for (auto entry = ended_.rbegin(); entry != ended_.rend(); ++entry) {
    bytes += (*entry)->bytes;
    if (bytes > kBytesOfEnded) KeepTheLastLine(**entry);
  }
}

void RunJournal::KeepTheLastLine(Entry& entry) {
  if (entry.lines.size() <= 1) return;
  entry.lines.erase(entry.lines.begin(), entry.lines.end() - 1);
  entry.bytes = entry.lines.back().text.size();
}

bool RunJournal::Knows(std::string_view idempotency_key) const {
  const std::lock_guard guard(mutex_);
  return !idempotency_key.empty() &&
         std::ranges::find(entries_, idempotency_key, &Entry::idempotency_key) != entries_.end();
}

std::optional<JournaledRun> RunJournal::ActiveOf(std::string_view target) const {
  const std::lock_guard guard(mutex_);
  const Entry* entry = FindActive(target);
  if (entry == nullptr) return {};
  return entry->record;
}

std::optional<JournaledRun> RunJournal::Find(std::string_view id) const {
  const std::lock_guard guard(mutex_);
  const Entry* entry = FindEntry(id);
  if (entry == nullptr) return {};
  return entry->record;
}

std::vector<JournaledRun> RunJournal::Recent() const {
  const std::lock_guard guard(mutex_);
  std::vector<JournaledRun> records;
  for (const Entry& entry : entries_) records.push_back(entry.record);
  return records;
}

std::optional<RunEvents> RunJournal::EventsAfter(std::string_view id,
                                                 std::uint64_t sequence) const {
  const std::lock_guard guard(mutex_);
  const Entry* entry = FindEntry(id);
  if (entry == nullptr) return {};
  RunEvents events{.last = sequence, .ended = entry->record.phase == RunPhase::kEnded};
  for (const Line& line : entry->lines) {
    if (line.sequence <= sequence) continue;
    events.lines.push_back(line.text);
    events.last = line.sequence;
  }
  return events;
}

bool RunJournal::RequestStop(std::string_view id, bool now) {
  std::unique_lock guard(mutex_);
  Entry* entry = FindEntry(id);
  if (entry == nullptr || entry->record.phase == RunPhase::kEnded) return false;
  entry->record.stopping = true;
  entry->stop_now = entry->stop_now || now;
  const StopRequest request = StopRequestOf(*entry);
  guard.unlock();
  request.PassOn();
  on_change_();
  return true;
}

void RunJournal::RequestStopOfAll(bool now) {
  for (const JournaledRun& run : Recent()) {
    if (run.phase != RunPhase::kEnded) RequestStop(run.id, now);
  }
}

void RunJournal::Interrupt(std::string_view target) {
  std::unique_lock guard(mutex_);
  const Entry* entry = FindActive(target);
  if (entry == nullptr || entry->record.phase != RunPhase::kWaiting) return;
  const StopRequest request{entry->stop};
  guard.unlock();
  request.PassOn();
}

void RunJournal::Begin(const std::string& id, const std::shared_ptr<StopSource>& stop) {
  std::unique_lock guard(mutex_);
  Entry* entry = FindEntry(id);
  if (entry == nullptr) return;
  entry->stop = stop;
  if (!entry->record.started_at) entry->record.started_at = clock_.WallNow();
  entry->record.phase = RunPhase::kRunning;
  const StopRequest request = StopRequestOf(*entry);
  guard.unlock();
  request.PassOn();
  on_change_();
}

void RunJournal::SetPhase(const std::string& id, RunPhase phase) {
  std::unique_lock guard(mutex_);
  Entry* entry = FindEntry(id);
  if (entry == nullptr || entry->record.phase == phase) return;
  entry->record.phase = phase;
  guard.unlock();
  on_change_();
}

void RunJournal::AppendTo(Entry& entry, json::object event, bool progress) {
  json::object whole{{"seq", ++entry.sequence}};
  for (auto& member : event) whole.emplace(member.key(), std::move(member.value()));
  std::string text = json::serialize(whole);
  while (!entry.lines.empty() &&
         (entry.lines.size() >= kEventsKept || entry.bytes + text.size() > kBytesKept)) {
    DropOne(entry);
  }
  entry.bytes += text.size();
  entry.progress_lines += progress ? 1 : 0;
  entry.lines.push_back({entry.sequence, progress, std::move(text)});
}

void RunJournal::DropOne(Entry& entry) {
  // Not looked for in vain: a body may raise a million notices, each of which drops an older one.
  const auto line = entry.progress_lines > 0 ? std::ranges::find(entry.lines, true, &Line::progress)
                                             : entry.lines.begin();
  entry.bytes -= line->text.size();
  entry.progress_lines -= line->progress ? 1 : 0;
  entry.lines.erase(line);
}

void RunJournal::Append(const std::string& id, json::object event) {
  const json::value* name = event.if_contains("event");
  const bool progress = name != nullptr && *name == "statement_progress";
  std::unique_lock guard(mutex_);
  Entry* entry = FindEntry(id);
  if (entry == nullptr) return;
  AppendTo(*entry, std::move(event), progress);
  guard.unlock();
  on_change_();
}

void RunJournal::End(const std::string& id, CommandAnswer answer) {
  std::unique_lock guard(mutex_);
  const auto entry =
      std::ranges::find_if(entries_, [&id](const Entry& one) { return one.record.id == id; });
  if (entry == entries_.end() || entry->record.phase == RunPhase::kEnded) return;
  AppendTo(*entry,
           {{"event", "ended"},
            {"at", ToIso8601(clock_.WallNow())},
            {"exit_code", static_cast<int>(answer.exit_code)},
            {"document", answer.document}},
           false);
  entry->record.phase = RunPhase::kEnded;
  entry->record.ended_at = clock_.WallNow();
  entry->record.answer = std::make_shared<const CommandAnswer>(std::move(answer));
  entry->stop.reset();
  ended_.push_back(entry);
  ForgetOldest();
  guard.unlock();
  on_change_();
}

}  // namespace lockstep
