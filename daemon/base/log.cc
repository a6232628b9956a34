#include "base/log.h"

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/sink.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <memory>
#include <mutex>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "base/log_line.h"
#include "base/log_output.h"

namespace lockstep {
namespace {

constexpr std::array<std::pair<LogLevel, std::string_view>, 4> kLevels = {
    {{LogLevel::kDebug, "debug"},
     {LogLevel::kInfo, "info"},
     {LogLevel::kWarning, "warning"},
     {LogLevel::kError, "error"}}};

constexpr std::array<std::pair<LogFormat, std::string_view>, 4> kFormats = {
    {{LogFormat::kAuto, "auto"},
     {LogFormat::kText, "text"},
     {LogFormat::kJson, "json"},
     {LogFormat::kJournal, "journal"}}};

template <typename Names>
auto Named(const Names& names, std::string_view wanted) {
  std::optional<typename Names::value_type::first_type> found;
  for (const auto& [value, name] : names) {
    if (name == wanted) found = value;
  }
  return found;
}

std::string_view Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

// How lines are made, by whoever logs: the queue holds them ready to be written.
struct LineStyle {
  LogFormat format = LogFormat::kText;  // not kAuto
  Coloring coloring = Coloring::kPlain;
};

std::string LineOf(const LineStyle& style, const LogRecord& record) {
  switch (style.format) {
    case LogFormat::kJson:
      return JsonLine(record);
    case LogFormat::kJournal:
      return JournalEntry(record);
    default:
      return TextLine(record, style.coloring);
  }
}

LineStyle StyleOf(LogFormat format, int descriptor) {
  const bool terminal = ::isatty(descriptor) == 1;
  const bool colors = terminal && Environment("NO_COLOR").empty() && Environment("TERM") != "dumb";
  if (format == LogFormat::kAuto) format = terminal ? LogFormat::kText : LogFormat::kJson;
  return {format, colors ? Coloring::kColored : Coloring::kPlain};
}

struct Destination {
  LineStyle style;
  std::unique_ptr<LogOutput> output;
};

// Nothing where the automatic choice is not the journal, or the journal is not there.
std::optional<Destination> JournalDestination(const LogOptions& options, const Patience& patience) {
  const bool wanted = options.format == LogFormat::kJournal;
  const bool connected = options.format == LogFormat::kAuto &&
                         IsJournalStream(options.descriptor, Environment("JOURNAL_STREAM"));
  if (!wanted && !connected) return std::nullopt;
  try {
    return Destination{{LogFormat::kJournal, Coloring::kPlain},
                       MakeJournalOutput(options.journal_socket, patience)};
  } catch (const Error&) {
    if (wanted) throw;
    return std::nullopt;
  }
}

Destination Choose(const LogOptions& options, const Patience& patience) {
  if (auto journal = JournalDestination(options, patience)) return std::move(*journal);
  return {StyleOf(options.format, options.descriptor),
          MakeLineOutput(options.descriptor, patience)};
}

std::string LinesDropped(const LineStyle& style, std::uint64_t lines) {
  const std::string message =
      lines == 1 ? "1 log line was dropped" : std::to_string(lines) + " log lines were dropped";
  const LogFields fields = {{"lines", static_cast<std::int64_t>(lines)}};
  return LineOf(style, {SystemClock().WallNow(), kLogLinesDropped, message, fields});
}

// Hands lines to the output, and says which are missing when it works again.
// Thread: the log's.
class Sink : public spdlog::sinks::sink {
 public:
  Sink(Destination& destination, std::size_t queue_lines, std::atomic<std::uint64_t>& failed)
      : destination_(destination), queue_lines_(queue_lines), failed_(failed) {}

  // Before the first line.
  void Watch(spdlog::details::thread_pool* queue) { queue_ = queue; }

  void log(const spdlog::details::log_msg& line) override {
    // While the queue is more than half full the output does not keep up, and more may go.
    if (queue_->queue_size() <= queue_lines_ / 2) TellOfMissing();
    if (destination_.output->Write({line.payload.data(), line.payload.size()})) return;
    ++failed_;
    ++missing_here_;
  }
  void TellOfMissing() {
    const std::uint64_t missing = missing_here_ + queue_->overrun_counter();
    if (missing == told_) return;
    if (destination_.output->Write(LinesDropped(destination_.style, missing - told_))) {
      told_ = missing;
    }
  }

  void flush() override {}
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

 private:
  Destination& destination_;
  const std::size_t queue_lines_;
  std::atomic<std::uint64_t>& failed_;
  spdlog::details::thread_pool* queue_ = nullptr;
  std::uint64_t missing_here_ = 0;  // of failed_, those since this log was started
  std::uint64_t told_ = 0;
};

// While it lives, threads are started that take no signals: those are for the program's main
// thread, and a closed pipe's SIGPIPE stays where it came up.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

// The queue and its thread, from StartLog to StopLog.
class RunningLog {
 public:
  RunningLog(const LogOptions& options, std::atomic<std::uint64_t>& failed)
      : time_to_stop_(options.time_to_stop), destination_(Choose(options, patience_)) {
    const std::size_t queue_lines = std::max<std::size_t>(options.queue_lines, 1);
    sink_ = std::make_shared<Sink>(destination_, queue_lines, failed);
    const SignalsBlocked blocked;
    queue_ = std::make_shared<spdlog::details::thread_pool>(
        queue_lines, 1, [] {}, [this] { sink_->TellOfMissing(); });
    sink_->Watch(queue_.get());
    logger_ = std::make_shared<spdlog::async_logger>("lockstep", sink_, queue_,
                                                     spdlog::async_overflow_policy::overrun_oldest);
    // Its own handler prints to standard error.
    logger_->set_error_handler([&failed](const std::string&) { ++failed; });
  }

  // The thread ends within the time to stop: past it no write waits any more.
  ~RunningLog() {
    patience_.EndsAt(SystemClock().Now() + time_to_stop_);
    queue_.reset();
  }

  const LineStyle& style() const { return destination_.style; }
  std::uint64_t dropped() const { return queue_->overrun_counter(); }
  // Does not wait.
  void Post(const std::string& line) {
    logger_->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
  }

 private:
  const std::chrono::milliseconds time_to_stop_;
  Patience patience_;
  Destination destination_;
  std::shared_ptr<Sink> sink_;
  std::shared_ptr<spdlog::details::thread_pool> queue_;  // ours alone but for a moment in Post
  std::shared_ptr<spdlog::async_logger> logger_;
};

struct Log {
  std::atomic<LogLevel> level{LogLevel::kInfo};
  std::array<std::atomic<std::uint64_t>, 4> lines{};
  std::atomic<std::uint64_t> failed{0};

  std::mutex mutex;
  std::unique_ptr<RunningLog> running;  // guarded by mutex
  std::uint64_t dropped_before = 0;     // by those that were stopped; guarded by mutex
};

// Never destroyed: threads that outlive main() may still log.
Log& TheLog() {
  static Log& log = *new Log;
  return log;
}

std::optional<LineStyle> CurrentStyle(Log& log) {
  const std::lock_guard guard(log.mutex);
  if (!log.running) return std::nullopt;
  return log.running->style();
}

void Post(Log& log, LogLevel level, const std::string& line) {
  const std::lock_guard guard(log.mutex);
  if (!log.running) return;
  ++log.lines[static_cast<std::size_t>(level)];
  log.running->Post(line);
}

}  // namespace

std::string_view NameOf(LogLevel level) { return kLevels[static_cast<std::size_t>(level)].second; }

std::optional<LogLevel> LogLevelNamed(std::string_view name) { return Named(kLevels, name); }

std::optional<LogFormat> LogFormatNamed(std::string_view name) { return Named(kFormats, name); }

void StartLog(const LogOptions& options) {
  Log& log = TheLog();
  const std::lock_guard guard(log.mutex);
  if (log.running) throw Error(ErrorCode::kInternal, "the log was started twice");
  log.running = std::make_unique<RunningLog>(options, log.failed);
  log.level = options.level;
}

void StopLog() {
  Log& log = TheLog();
  // It ends after the lock has been given back: whoever logs now does not wait for that.
  std::unique_ptr<RunningLog> stopping;
  const std::lock_guard guard(log.mutex);
  if (!log.running) return;
  log.dropped_before += log.running->dropped();
  stopping = std::move(log.running);
}

void SetLogLevel(LogLevel level) { TheLog().level = level; }

LogLevel CurrentLogLevel() { return TheLog().level; }

void LogEvent(const EventKind& kind, std::string_view message, const LogFields& fields) {
  Log& log = TheLog();
  if (kind.level < log.level) return;
  const auto style = CurrentStyle(log);
  if (!style) return;
  try {
    Post(log, kind.level, LineOf(*style, {SystemClock().WallNow(), kind, message, fields}));
  } catch (const std::exception&) {
    // No memory for a line is no reason to end what it tells of.
    ++log.failed;
  }
}

LogCounts CountLogLines() {
  Log& log = TheLog();
  LogCounts counts;
  for (std::size_t i = 0; i < log.lines.size(); ++i) counts.lines[i] = log.lines[i];
  counts.failed = log.failed;
  const std::lock_guard guard(log.mutex);
  counts.dropped = log.dropped_before + (log.running ? log.running->dropped() : 0);
  return counts;
}

}  // namespace lockstep
