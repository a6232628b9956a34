#include "agent/metrics.h"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <sstream>
#include <vector>

#include "agent/metrics_process.h"
#include "agent/metrics_series.h"
#include "agent/metrics_target.h"
#include "base/version.h"

namespace lockstep {
namespace {

using prometheus::MetricFamily;

const Buckets kHttpBuckets = {0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10};

// What each handler may answer, so that its series is there before the first such answer. Another
// code makes its series when it is first given.
struct HttpAnswers {
  std::string_view handler;
  std::vector<int> codes;
};
const std::vector<HttpAnswers> kHttpAnswers = {
    {"page", {200, 405}},
    {"ping", {200, 405}},
    {"health", {200, 405, 503}},
    {"readiness", {200, 400, 404, 405, 503}},
    {"version", {200, 405}},
    {"metrics", {200, 405}},
    {"status", {200, 404, 405, 503}},
    {"history", {200, 404, 405, 503}},
    {"plan", {200, 404, 405, 503}},
    {"blockers", {200, 404, 405, 503}},
    {"openapi", {200, 405}},
    {"wait", {200, 400, 404, 405, 503}},
    {"runs", {200, 202, 400, 403, 404, 405, 409, 503}},
    {"run", {200, 202, 403, 404, 405, 409}},
    {"events", {200, 404, 405}},
    {"pause_resume", {200, 403, 404, 405}},
    {"reload", {200, 403, 405, 422, 500}},
    {"log_level", {200, 400, 403, 405}},
    {"other", {400, 403, 404, 405, 408, 413, 431, 500, 503}},
};

std::string_view KnownHandler(std::string_view handler) {
  const auto known = std::ranges::find(kHttpHandlers, handler);
  return known == kHttpHandlers.end() ? kHttpHandlers.back() : *known;
}

prometheus::ClientMetric CounterOf(const std::string& label, std::string_view value,
                                   std::uint64_t count) {
  prometheus::ClientMetric metric;
  metric.label = {{label, std::string(value)}};
  metric.counter.value = static_cast<double>(count);
  return metric;
}

// The log counts for itself; it is asked when somebody looks.
class LogCollector : public prometheus::Collectable {
 public:
  explicit LogCollector(std::function<LogCounts()> count) : count_(std::move(count)) {}

  std::vector<MetricFamily> Collect() const override {
    // In the order of LogLevel.
    static constexpr auto kLevels =
        std::to_array<std::string_view>({"debug", "info", "warning", "error"});
    const LogCounts counts = count_();
    MetricFamily lines{"lockstep_log_messages_total",
                       "Lines that were logged.",
                       prometheus::MetricType::Counter,
                       {}};
    for (std::size_t i = 0; i < kLevels.size(); ++i) {
      lines.metric.push_back(CounterOf("level", kLevels[i], counts.lines[i]));
    }
    MetricFamily dropped{"lockstep_log_dropped_total",
                         "Lines that were lost: no place in the queue, or the sink refused them.",
                         prometheus::MetricType::Counter,
                         {}};
    dropped.metric.push_back(CounterOf("reason", "queue", counts.dropped));
    dropped.metric.push_back(CounterOf("reason", "sink", counts.failed));
    return {std::move(lines), std::move(dropped)};
  }

 private:
  std::function<LogCounts()> count_;
};

using FamiliesByName = std::map<std::string, MetricFamily>;

// Each target has a registry with families of the same names.
void Merge(FamiliesByName& all, std::vector<MetricFamily> some) {
  for (MetricFamily& family : some) {
    const auto [place, is_new] = all.try_emplace(family.name);
    if (is_new) {
      place->second = std::move(family);
      continue;
    }
    auto& metrics = place->second.metric;
    std::move(family.metric.begin(), family.metric.end(), std::back_inserter(metrics));
  }
}

std::string Write(FamiliesByName by_name) {
  std::vector<MetricFamily> families;
  for (auto& [name, family] : by_name) {
    std::ranges::sort(family.metric,
                      [](const auto& a, const auto& b) { return a.label < b.label; });
    families.push_back(std::move(family));
  }
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, families);
  return std::move(text).str();
}

}  // namespace

class Metrics::Implementation {
 public:
  Implementation(const Clock& clock, std::function<LogCounts()> count_log_lines)
      : clock_(clock),
        log_(std::move(count_log_lines)),
        make_(registry_, {}),
        reload_successful_(
            make_.Gauge("lockstep_config_last_reload_successful",
                        "Whether the configuration was good when it was last read.")),
        reload_success_time_(make_.Gauge("lockstep_config_last_reload_success_timestamp_seconds",
                                         "When a good configuration was last read.")),
        http_requests_(make_.Counters("lockstep_http_requests_total", "Requests answered.")),
        http_seconds_(make_.HistogramFor("lockstep_http_request_duration_seconds",
                                         "From the request to the end of its answer.", kHttpBuckets,
                                         "handler", kHttpHandlers)),
        http_refusals_(make_.CounterFor("lockstep_http_refused_total",
                                        "Connections that were refused or cut off.", "reason",
                                        kHttpRefusals)),
        loop_lag_(make_.Gauge("lockstep_event_loop_lag_seconds",
                              "How late the event loop was when it last looked.")) {
    make_
        .Gauge("lockstep_build_info", "1; the labels tell what runs.",
               {{"version", std::string(Version())}})
        .Set(1);
    for (const HttpAnswers& answers : kHttpAnswers) {
      for (const int code : answers.codes) HttpRequests(answers.handler, code);
    }
    OnReload(true);
  }

  TargetMetrics& ForTarget(const std::string& name) {
    const std::lock_guard guard(mutex_);
    auto& series = targets_[name];
    if (!series) series = std::make_unique<TargetSeries>(name, clock_);
    return *series;
  }

  void Forget(const std::string& name) {
    const std::lock_guard guard(mutex_);
    const auto found = targets_.find(name);
    if (found == targets_.end()) return;
    forgotten_.push_back(std::move(found->second));
    targets_.erase(found);
  }

  void OnReload(bool succeeded) {
    reload_successful_.Set(succeeded ? 1 : 0);
    if (succeeded) reload_success_time_.Set(ToUnixSeconds(clock_.WallNow()));
  }

  void OnHttpAnswer(std::string_view handler, int code, double seconds) {
    const std::string_view known = KnownHandler(handler);
    HttpRequests(known, code).Increment();
    ObserveSeconds(http_seconds_.At(known), seconds);
  }

  void OnHttpRefused(std::string_view why) { http_refusals_.At(why).Increment(); }
  void OnEventLoopLag(double seconds) { loop_lag_.Set(seconds > 0 ? seconds : 0); }

  std::string Exposition() const {
    FamiliesByName all;
    Merge(all, registry_.Collect());
    Merge(all, log_.Collect());
    Merge(all, process_.Collect());
    {
      const std::lock_guard guard(mutex_);
      for (const auto& [name, series] : targets_) Merge(all, series->registry().Collect());
    }
    return Write(std::move(all));
  }

 private:
  // Made when it is not there.
  prometheus::Counter& HttpRequests(std::string_view handler, int code) {
    return http_requests_.Add({{"handler", std::string(handler)}, {"code", std::to_string(code)}});
  }

  const Clock& clock_;
  LogCollector log_;
  ProcessCollector process_;
  prometheus::Registry registry_;
  SeriesMaker make_;  // of registry_
  prometheus::Gauge& reload_successful_;
  prometheus::Gauge& reload_success_time_;
  prometheus::Family<prometheus::Counter>& http_requests_;
  SeriesSet<prometheus::Histogram> http_seconds_;
  SeriesSet<prometheus::Counter> http_refusals_;
  prometheus::Gauge& loop_lag_;

  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<TargetSeries>> targets_;  // guarded by mutex_
  // Guarded by mutex_: somebody may still tell them things. Few, one for each that a reload
  // removed.
  std::vector<std::unique_ptr<TargetSeries>> forgotten_;
};

Metrics::Metrics(const Clock& clock, std::function<LogCounts()> count_log_lines)
    : implementation_(std::make_unique<Implementation>(clock, std::move(count_log_lines))) {}

Metrics::~Metrics() = default;

TargetMetrics& Metrics::ForTarget(const std::string& name) {
  return implementation_->ForTarget(name);
}
void Metrics::Forget(const std::string& name) { implementation_->Forget(name); }
void Metrics::OnReload(bool succeeded) { implementation_->OnReload(succeeded); }
void Metrics::OnHttpAnswer(std::string_view handler, int code, double seconds) {
  implementation_->OnHttpAnswer(handler, code, seconds);
}
void Metrics::OnHttpRefused(std::string_view why) { implementation_->OnHttpRefused(why); }
void Metrics::OnEventLoopLag(double seconds) { implementation_->OnEventLoopLag(seconds); }
std::string Metrics::Exposition() const { return implementation_->Exposition(); }

}  // namespace lockstep
