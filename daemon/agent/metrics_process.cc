#include "agent/metrics_process.h"

#include <sys/resource.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>

namespace lockstep {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

// Of /proc/self/stat, proc(5).
struct ProcessState {
  double cpu_seconds = 0;
  double threads = 0;
  double started_seconds = 0;  // since boot
  double virtual_bytes = 0;
  double resident_bytes = 0;
};

std::string ReadProc(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The program's name, in parentheses, may hold anything, so the fields are counted from its end:
// there the third field begins.
std::optional<ProcessState> ReadState() {
  const std::string text = ReadProc("/proc/self/stat");
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream fields(text.substr(name_end + 1));
  std::string state;
  fields >> state;
  std::vector<double> numbers;  // from the fourth field
  for (double number = 0; fields >> number;) numbers.push_back(number);
  const auto field = [&](std::size_t number) { return numbers.at(number - 4); };
  if (numbers.size() < 21) return {};
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  return ProcessState{.cpu_seconds = (field(14) + field(15)) / ticks,
                      .threads = field(20),
                      .started_seconds = field(22) / ticks,
                      .virtual_bytes = field(23),
                      .resident_bytes = field(24) * static_cast<double>(::sysconf(_SC_PAGESIZE))};
}

double Seconds(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// Since the epoch. Not the one of /proc/stat, which a service that sees only processes there
// (ProcSubset=pid) does not have.
double BootTime() { return Seconds(CLOCK_REALTIME) - Seconds(CLOCK_BOOTTIME); }

// Without the one by which they are counted.
std::optional<double> CountDescriptors() {
  std::error_code unreadable;
  const std::filesystem::directory_iterator entries("/proc/self/fd", unreadable);
  if (unreadable) return {};
  return static_cast<double>(std::distance(begin(entries), end(entries)) - 1);
}

std::optional<double> MostDescriptors() {
  struct rlimit limit {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return {};
  return static_cast<double>(limit.rlim_cur);
}

MetricFamily Gauge(const char* name, const char* help, double value) {
  prometheus::ClientMetric metric;
  metric.gauge.value = value;
  return {name, help, MetricType::Gauge, {metric}};
}

MetricFamily Counter(const char* name, const char* help, double value) {
  prometheus::ClientMetric metric;
  metric.counter.value = value;
  return {name, help, MetricType::Counter, {metric}};
}

}  // namespace

ProcessCollector::ProcessCollector() {
  if (const auto state = ReadState()) start_time_seconds_ = BootTime() + state->started_seconds;
}

std::vector<MetricFamily> ProcessCollector::Collect() const {
  std::vector<MetricFamily> families;
  if (const auto state = ReadState()) {
    families.push_back(Counter("process_cpu_seconds_total", "User and system time of the process.",
                               state->cpu_seconds));
    families.push_back(
        Gauge("process_resident_memory_bytes", "Memory that is resident.", state->resident_bytes));
    families.push_back(
        Gauge("process_virtual_memory_bytes", "Address space.", state->virtual_bytes));
    families.push_back(Gauge("process_threads", "Threads.", state->threads));
  }
  if (const auto open = CountDescriptors()) {
    families.push_back(Gauge("process_open_fds", "Open file descriptors.", *open));
  }
  if (const auto most = MostDescriptors()) {
    families.push_back(Gauge("process_max_fds", "File descriptors that may be open.", *most));
  }
  if (start_time_seconds_ > 0) {
    families.push_back(Gauge("process_start_time_seconds",
                             "When the process was started, since the epoch.",
                             start_time_seconds_));
  }
  return families;
}

}  // namespace lockstep
