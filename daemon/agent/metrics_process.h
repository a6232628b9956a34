// The process itself, as other clients' process collectors show it; prometheus-cpp has none.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <vector>

namespace lockstep {

// Reads /proc/self at each scrape; what cannot be read is left out. Thread: any.
class ProcessCollector : public prometheus::Collectable {
 public:
  ProcessCollector();
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  double start_time_seconds_ = 0;  // since the epoch; 0: not known
};

}  // namespace lockstep
