#include "cli/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/text.h"
#include "cli/wording.h"
#include "core/duration.h"

namespace lockstep {
namespace {

constexpr int kBarColumns = 10;
constexpr Duration kSayAgain = std::chrono::seconds(10);

std::string WholeSeconds(Duration duration) {
  return ToText(std::chrono::floor<std::chrono::seconds>(duration));
}

std::string Bar(double done, double count) {
  const double fraction = count > 0 ? std::clamp(done / count, 0.0, 1.0) : 0;
  const int filled = static_cast<int>(fraction * kBarColumns);
  std::string bar(static_cast<std::size_t>(filled), '=');
  if (filled < kBarColumns) bar += '>';
  bar.resize(kBarColumns, ' ');
  return "[" + bar + "]";
}

// The start of `text` that fits into `columns`; "..." shows that something is missing.
std::string Fitted(std::string text, int columns) {
  if (DisplayWidth(text) <= columns) return text;
  while (!text.empty() && DisplayWidth(text) > columns - 3) {
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0U) == 0x80U) {
      text.pop_back();
    }
    if (!text.empty()) text.pop_back();
  }
  return columns >= 3 ? text + "..." : "";
}

std::string SubjectOf(const Step& step) {
  std::string subject = step.direction == Direction::kDown ? "rolling back " : "";
  subject += step.revision;
  if (!step.description.empty()) subject += " " + step.description;
  return Escaped(subject);
}

std::string StateOf(const StatementProgress& progress) {
  if (progress.blocker_pid != 0) {
    const std::string who =
        progress.blocker.empty() ? fmt::format("pid {}", progress.blocker_pid) : progress.blocker;
    return Escaped("waiting for " + who);
  }
  return Escaped(progress.phase);
}

std::string PercentOf(const StatementProgress& progress) {
  const bool known = progress.blocker_pid == 0 && progress.fraction >= 0;
  return known ? fmt::format(" {:.0f} %", progress.fraction * 100) : "";
}

// "12.3 MB", as disks are sold.
std::string Size(long long bytes) {
  if (bytes < 1'000'000) return fmt::format("{:.1f} kB", static_cast<double>(bytes) / 1e3);
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

}  // namespace

Progress::Progress(ProgressOutput output, Clock& clock)
    : output_(std::move(output)), clock_(clock) {}

void Progress::Tick() {
  const std::lock_guard guard(mutex_);
  if (!shown_.empty()) Draw();
}

void Progress::Say(std::string_view sentence) {
  const std::lock_guard guard(mutex_);
  std::string lines = SafeLines(sentence);
  if (lines.ends_with('\n')) lines.pop_back();
  Print(lines);
}

void Progress::Clear() {
  const std::lock_guard guard(mutex_);
  line_ = {};
  Erase();
}

void Progress::OnWaitingForMigrationLock(const LockHolder& holder, double waited_seconds) {
  const std::lock_guard guard(mutex_);
  const std::string who = Escaped("waiting for the migration lock, held by " + ToText(holder));
  if (!output_.terminal) {
    Repeat(fmt::format("lock {}", holder.pid), who + "; waiting for " + InSeconds(waited_seconds));
    return;
  }
  const std::chrono::duration<double> waited(waited_seconds);
  line_.since = clock_.Now() - std::chrono::duration_cast<Duration>(waited);
  line_.subject = who;
  Draw();
}

void Progress::OnMigrationLock(double) {
  const std::lock_guard guard(mutex_);
  line_ = {};
  Erase();
}

void Progress::OnPlan(const Plan&) {
  const std::lock_guard guard(mutex_);
  index_ = 0;
}

void Progress::OnBackup(const std::string& path, long long bytes) {
  Say("backup written to '" + path + "' (" + Size(bytes) + ")");
}

void Progress::OnStepBegin(const Step& step, std::size_t index, std::size_t count) {
  const std::lock_guard guard(mutex_);
  index_ = index;
  line_ = {};
  line_.counter = fmt::format("[{}/{}]", index + 1, count);
  line_.subject = SubjectOf(step);
  line_.done = static_cast<double>(index);
  line_.count = static_cast<double>(count);
  line_.since = clock_.Now();
  last_what_.clear();
  if (!output_.terminal) Print(line_.counter + " " + line_.subject);
  if (output_.terminal) Draw();
}

void Progress::OnStatement(const Step& step, std::size_t ordinal, std::size_t count,
                           const std::string& kind) {
  if (step.script.transactional) return;
  const std::lock_guard guard(mutex_);
  line_.statement = Escaped(kind);
  line_.state.clear();
  line_.percent.clear();
  if (output_.terminal) return Draw();
  Print(fmt::format("{} {} statement {} of {}: {}", line_.counter, step.revision, ordinal, count,
                    line_.statement));
}

void Progress::OnStatementProgress(const StatementProgress& progress) {
  const std::lock_guard guard(mutex_);
  line_.state = StateOf(progress);
  line_.percent = PercentOf(progress);
  if (progress.fraction >= 0) {
    // A later phase of the same statement starts from nothing; the bar does not go back for it.
    line_.done =
        std::max(line_.done, static_cast<double>(index_) + std::min(progress.fraction, 1.0));
  }
  if (output_.terminal) return Draw();
  const std::string what =
      progress.blocker_pid != 0 ? fmt::format("blocker {}", progress.blocker_pid) : progress.phase;
  if (!line_.state.empty()) Repeat(what, line_.counter + " " + line_.state + line_.percent);
}

void Progress::OnBlocked(const Step&, const std::vector<Blocker>& blockers) {
  const std::lock_guard guard(mutex_);
  line_.percent.clear();
  line_.state = "waiting for " + ToText(blockers.front());
  if (blockers.size() > 1) line_.state += fmt::format(" (and {} more)", blockers.size() - 1);
  if (output_.terminal) return Draw();
  Repeat(fmt::format("blocked {} {}", blockers.front().pid, blockers.front().gid),
         line_.counter + " " + line_.state);
}

void Progress::OnRetry(const Step& step, const SqlError& error, double pause_seconds) {
  const std::lock_guard guard(mutex_);
  line_.state.clear();
  line_.percent.clear();
  const std::string when =
      pause_seconds > 0 ? "next attempt in " + InSeconds(pause_seconds) : "trying again at once";
  Print(Escaped(fmt::format("{}: rolled back, {} [{}]; {}", step.revision, error.message,
                            error.sqlstate, when)),
        Tone::kWaiting);
}

void Progress::OnStepEnd(const Step&, const StepReport& report) {
  const std::lock_guard guard(mutex_);
  if (std::holds_alternative<Applied>(report.result)) line_.done = static_cast<double>(index_ + 1);
  line_.statement.clear();
  line_.state.clear();
  line_.percent.clear();
  if (!shown_.empty()) Draw();
}

void Progress::OnNotice(const Notice& notice) {
  const std::lock_guard guard(mutex_);
  Print(Escaped(ToLower(notice.severity) + ": " + notice.message), Tone::kDim);
}

void Progress::OnReconnect(const std::string& why) { Say(why + "; connecting again"); }

void Progress::OnMessage(const std::string& sentence) { Say(sentence); }

void Progress::OnRunEnd(const RunReport&) { Clear(); }

void Progress::Print(std::string_view line, Tone tone) {
  Erase();
  output_.write(output_.paint(tone, line) + "\n");
  if (output_.terminal && !line_.empty()) Draw();
}

void Progress::Draw() {
  if (line_.empty()) return;
  auto line = Drawn();
  if (line == shown_) return;
  shown_ = std::move(line);
  output_.write("\r" + shown_ + "\x1b[K");
}

void Progress::Erase() {
  if (shown_.empty()) return;
  output_.write("\r\x1b[K");
  shown_.clear();
}

std::string Progress::Drawn() const {
  std::string head;
  if (!line_.counter.empty()) head = line_.counter + " " + Bar(line_.done, line_.count) + " ";
  std::string middle = line_.subject;
  if (!line_.statement.empty()) middle += "  " + line_.statement;
  if (!line_.state.empty()) middle += "  " + line_.state;
  const std::string tail = line_.percent + "  " + WholeSeconds(clock_.Now() - line_.since);
  // The last column stays free: some terminals go to the next line after it.
  const int room = output_.columns - 1 - DisplayWidth(head) - DisplayWidth(tail);
  return head + Fitted(std::move(middle), room) + tail;
}

void Progress::Repeat(const std::string& what, const std::string& line) {
  const auto now = clock_.Now();
  if (what == last_what_ && now - last_said_ < kSayAgain) return;
  last_what_ = what;
  last_said_ = now;
  Print(line);
}

}  // namespace lockstep
