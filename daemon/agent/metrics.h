// The Prometheus metrics: what docs/metrics.md lists, every series from the start.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "agent/target_status.h"
#include "base/clock.h"
#include "base/log.h"
#include "engine/run_observer.h"
#include "postgres/connection_pool.h"

namespace lockstep {

// The labels' values, which are all that there can be: of others the last of each set is counted.
inline constexpr auto kTriggerSources = std::to_array<std::string_view>(
    {"start", "signal", "api", "folder", "interval", "deferred", "failover", "other"});
inline constexpr auto kHttpHandlers = std::to_array<std::string_view>(
    {"page", "ping", "health", "readiness", "version", "metrics", "status", "history", "plan",
     "blockers", "openapi", "wait", "runs", "run", "events", "pause_resume", "reload", "log_level",
     "other"});
inline constexpr auto kHttpRefusals =
    std::to_array<std::string_view>({"limit", "descriptors", "bad_request", "too_large", "timeout",
                                     "slow_reader", "gone", "other"});

// What came of one target: hears its runs, and is told the rest. Thread: any.
class TargetMetrics : public RunObserver {
 public:
  virtual void OnStatus(const TargetStatus& status) = 0;  // the gauges
  virtual void OnTrigger(std::string_view source) = 0;    // "start", "signal", "api", ...
  virtual void OnConnection(bool succeeded) = 0;          // an attempt to reach PostgreSQL
  virtual void OnPool(const PoolFigures& figures) = 0;    // by one thread at a time
  virtual void OnPoolWait(double seconds) = 0;
};

// Thread: any.
class Metrics {
 public:
  // The configuration was read well just before. Both are borrowed or called at each Exposition.
  explicit Metrics(const Clock& clock, std::function<LogCounts()> count_log_lines = CountLogLines);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // Makes the target's series, all at 0, when it is new.
  TargetMetrics& ForTarget(const std::string& name);
  // Its series go. Whoever still has the object may go on telling it things, which nobody sees.
  void Forget(const std::string& name);

  void OnReload(bool succeeded);
  // `handler`: of kHttpHandlers, never a path as it was asked for.
  void OnHttpAnswer(std::string_view handler, int code, double seconds);
  void OnHttpRefused(std::string_view why);
  void OnEventLoopLag(double seconds);

  // In the text format 0.0.4, sorted by name; log lines and the process are read at that moment.
  std::string Exposition() const;

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

inline constexpr std::string_view kExpositionContentType =
    "text/plain; version=0.0.4; charset=utf-8";

}  // namespace lockstep
