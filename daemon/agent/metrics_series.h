// Makes series, all of them at once: a family without children would not be exported.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <initializer_list>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lockstep {

using Buckets = std::vector<double>;

// Series that differ in one label, whose values are a fixed set. Thread: any, once it is made.
template <typename Metric>
class SeriesSet {
 public:
  // What is not in the set is the last that was added.
  Metric& At(std::string_view value) const {
    const auto found = series_.find(value);
    return found == series_.end() ? *last_ : *found->second;
  }
  void Add(std::string_view value, Metric& metric) {
    series_.emplace(value, &metric);
    last_ = &metric;
  }

 private:
  std::map<std::string, Metric*, std::less<>> series_;
  Metric* last_ = nullptr;
};

// Thread: one; what it has made belongs to the registry.
class SeriesMaker {
 public:
  using Values = std::span<const std::string_view>;

  SeriesMaker(prometheus::Registry& registry, prometheus::Labels of_all)
      : registry_(registry), of_all_(std::move(of_all)) {}

  prometheus::Counter& Counter(const std::string& name, const std::string& help,
                               const prometheus::Labels& labels = {}) {
    return Counters(name, help).Add(labels);
  }
  prometheus::Gauge& Gauge(const std::string& name, const std::string& help,
                           const prometheus::Labels& labels = {}) {
    return Gauges(name, help).Add(labels);
  }
  prometheus::Histogram& Histogram(const std::string& name, const std::string& help,
                                   const Buckets& buckets, const prometheus::Labels& labels = {}) {
    return Histograms(name, help).Add(labels, buckets);
  }

  // `labels`: what the series have besides.
  SeriesSet<prometheus::Counter> CounterFor(const std::string& name, const std::string& help,
                                            const std::string& label, Values values,
                                            const prometheus::Labels& labels = {}) {
    SeriesSet<prometheus::Counter> set;
    for (const auto value : values) set.Add(value, Counter(name, help, With(labels, label, value)));
    return set;
  }
  SeriesSet<prometheus::Gauge> GaugeFor(const std::string& name, const std::string& help,
                                        const std::string& label, Values values,
                                        const prometheus::Labels& labels = {}) {
    SeriesSet<prometheus::Gauge> set;
    for (const auto value : values) set.Add(value, Gauge(name, help, With(labels, label, value)));
    return set;
  }
  SeriesSet<prometheus::Histogram> HistogramFor(const std::string& name, const std::string& help,
                                                const Buckets& buckets, const std::string& label,
                                                Values values) {
    SeriesSet<prometheus::Histogram> set;
    for (const auto value : values) {
      set.Add(value, Histogram(name, help, buckets, With({}, label, value)));
    }
    return set;
  }

  // Asked for a second time, it is the same family.
  prometheus::Family<prometheus::Counter>& Counters(const std::string& name,
                                                    const std::string& help) {
    return prometheus::BuildCounter().Name(name).Help(help).Labels(of_all_).Register(registry_);
  }

 private:
  prometheus::Family<prometheus::Gauge>& Gauges(const std::string& name, const std::string& help) {
    return prometheus::BuildGauge().Name(name).Help(help).Labels(of_all_).Register(registry_);
  }
  prometheus::Family<prometheus::Histogram>& Histograms(const std::string& name,
                                                        const std::string& help) {
    return prometheus::BuildHistogram().Name(name).Help(help).Labels(of_all_).Register(registry_);
  }
  static prometheus::Labels With(prometheus::Labels labels, const std::string& label,
                                 std::string_view value) {
    labels[label] = value;
    return labels;
  }

  prometheus::Registry& registry_;
  prometheus::Labels of_all_;
};

// A NaN would poison a histogram's sum for ever, and a clock that was set back makes no time.
inline void ObserveSeconds(prometheus::Histogram& histogram, double seconds) {
  histogram.Observe(seconds > 0 ? seconds : 0);
}

// Seconds since the epoch, as every time in the exposition.
template <typename WallClockTime>
double ToUnixSeconds(WallClockTime time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

// How long somebody waited.
inline const Buckets kWaitBuckets = {0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60};

}  // namespace lockstep
