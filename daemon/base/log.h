// What the program tells its operator, as events with fields.
//
// The one global object of the program. Lines go through a bounded queue to a thread of their own:
// a sink that is slow, stalled or full never holds up whoever logs. When the queue is full the
// oldest lines go, are counted, and one line says so when the sink keeps up again.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace lockstep {

enum class LogLevel { kDebug, kInfo, kWarning, kError };
std::string_view NameOf(LogLevel level);  // "warning"
std::optional<LogLevel> LogLevelNamed(std::string_view name);

// kAuto: the journal where standard error is connected to it ($JOURNAL_STREAM), text on a terminal,
// JSON elsewhere.
enum class LogFormat { kAuto, kText, kJson, kJournal };
std::optional<LogFormat> LogFormatNamed(std::string_view name);

// One kind of event: the stable name by which machines find it, and a sentence for whoever meets it
// at three in the morning. The catalogue is agent/events.h.
struct EventKind {
  std::string_view name;  // "run_failed"
  LogLevel level = LogLevel::kInfo;
  std::string_view advice;  // what it means and what to do; not part of the line
};

// The log's own event. It is written whatever the level is.
inline constexpr EventKind kLogLinesDropped{
    "log_lines_dropped", LogLevel::kWarning,
    "Whoever takes the log was too slow, or its disk was full: that many lines are missing before "
    "this one. No migration was held up by it."};

// "revision", "duration_seconds", ...: in lower snake case, as docs/events.md lists them.
using LogValue = std::variant<std::string, std::int64_t, double, bool>;
using LogFields = std::vector<std::pair<std::string, LogValue>>;

struct LogOptions {
  LogFormat format = LogFormat::kAuto;
  LogLevel level = LogLevel::kInfo;
  std::size_t queue_lines = 2048;  // 408 bytes each, also when nothing is queued
  int descriptor = 2;              // where text and JSON lines go; not closed
  std::string journal_socket = "/run/systemd/journal/socket";
  std::chrono::milliseconds time_to_stop{1000};
};

// Starts the log; before that nothing is written, which is what the command line and most tests
// want. Throws Error kInternal when it was started already, and kBadSettings when the journal was
// asked for and there is none; kAuto writes JSON lines then.
void StartLog(const LogOptions& options);
// Writes what is queued, for at most the time to stop, and ends the log. What could not be written
// by then counts as failed.
void StopLog();
void SetLogLevel(LogLevel level);
LogLevel CurrentLogLevel();

// Writes one line. `message` is a sentence: what happened, to what, lower case, without secrets.
// Thread: any.
void LogEvent(const EventKind& kind, std::string_view message, const LogFields& fields = {});

// For the metrics: since the program began, whatever was started and stopped.
struct LogCounts {
  std::uint64_t lines[4] = {0, 0, 0, 0};  // by LogLevel, those that were below the level left out
  std::uint64_t dropped = 0;              // no place in the queue
  std::uint64_t failed = 0;               // the sink refused them (a full disk, a closed pipe)
};
LogCounts CountLogLines();

}  // namespace lockstep
