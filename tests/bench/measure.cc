// Runs a command and says what it cost.
//
//   bench_measure [--stdout FILE] [--limit SECONDS] [--report FILE] -- COMMAND ARG...
//
// The report is one JSON object, written to the file descriptor 3 without --report:
//
//   wall_seconds     from just before the command is started until the kernel says that it has
//   ended user_seconds, system_seconds
//                    of the command and its descendants. Their sum is exact; how it is parted is
//                    what the kernel's ticks have met
//   peak_bytes       resident memory of the largest single process, as the kernel keeps it: it
//   counts
//                    in batches, and so may miss some 100 KB for each processor
//   bytes_read, read_calls
//                    by read() and its like, from files, pipes and sockets (not recv(), not what is
//                    mapped): rchar and syscr of /proc/PID/io, which hold those of each descendant
//                    that was waited for
//   major_faults, voluntary_switches, involuntary_switches
//   instructions     in user space, or null where the kernel does not count them
//   exit             the command's code, or 128 and the signal that ended it
//   limit            whether the command, or what it left behind, was killed at the limit
//   left_behind      descendants that outlived the process that started them
//
// Descendants that nobody else waits for become our children. We wait for them too, so that the
// figures are of all processes; wall_seconds does not hold that. What a process costs whose parent
// ignores SIGCHLD nobody is told.
//
// A command inherits its parent's resident memory as its own peak when it is executed: this program
// is small on purpose, without libraries, and starts the command from its own memory (vfork). It
// ends with 0 whatever the command did, with 2 when it was called wrongly, with 127 when there is
// no such command. SIGINT, SIGTERM and SIGHUP kill the command and end it without a report.
#include <fcntl.h>
#include <linux/perf_event.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

namespace {

constexpr int kUsage = 2;
constexpr int kNoCommand = 127;

using Nanoseconds = long long;
constexpr Nanoseconds kSecond = 1'000'000'000;

struct Options {
  const char* standard_output = nullptr;
  const char* report = nullptr;
  Nanoseconds limit = 0;  // 0: none
  char** command = nullptr;
};

struct Cost {
  Nanoseconds wall = 0;
  rusage used{};
  long long bytes_read = 0;
  long long read_calls = 0;
  int exit = 0;
  int left_behind = 0;
  bool limit = false;
};

[[noreturn]] void Fail(int code, const char* what, const char* why) {
  std::fprintf(stderr, "bench_measure: %s: %s\n", what, why);
  std::exit(code);
}

Nanoseconds Now() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * kSecond + now.tv_nsec;
}

Nanoseconds LimitOf(const char* seconds) {
  char* end = nullptr;
  const double limit = std::strtod(seconds, &end);
  if (end == seconds || *end != 0 || !(limit > 0))
    Fail(kUsage, "--limit", "needs a number of seconds");
  return static_cast<Nanoseconds>(limit * kSecond);
}

Options OptionsOf(char** words) {
  Options options;
  for (++words; *words != nullptr; words += 2) {
    if (std::strcmp(*words, "--") == 0) {
      options.command = words + 1;
      break;
    }
    if (words[1] == nullptr) Fail(kUsage, *words, "needs a value");
    if (std::strcmp(*words, "--stdout") == 0)
      options.standard_output = words[1];
    else if (std::strcmp(*words, "--report") == 0)
      options.report = words[1];
    else if (std::strcmp(*words, "--limit") == 0)
      options.limit = LimitOf(words[1]);
    else
      Fail(kUsage, *words, "is no option");
  }
  if (options.command == nullptr || *options.command == nullptr) {
    Fail(kUsage, "usage",
         "bench_measure [--stdout FILE] [--limit SECONDS] [--report FILE] -- COMMAND ARG...");
  }
  return options;
}

// Nobody executes us: of us it counts nothing, and of the command from its exec on.
int CountInstructions() {
  perf_event_attr wanted{};
  wanted.type = PERF_TYPE_HARDWARE;
  wanted.size = sizeof wanted;
  wanted.config = PERF_COUNT_HW_INSTRUCTIONS;
  wanted.disabled = 1;
  wanted.inherit = 1;
  wanted.enable_on_exec = 1;
  wanted.exclude_kernel = 1;
  wanted.exclude_hv = 1;
  wanted.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
  return static_cast<int>(::syscall(SYS_perf_event_open, &wanted, 0, -1, -1, PERF_FLAG_FD_CLOEXEC));
}

// -1: not counted, or not all the time.
long long InstructionsOf(int counter) {
  struct {
    std::uint64_t value, enabled, running;
  } read{};
  if (counter < 0 || ::read(counter, &read, sizeof read) != sizeof read) return -1;
  return read.enabled == 0 || read.enabled != read.running ? -1
                                                           : static_cast<long long>(read.value);
}

sigset_t SignalsOf(std::initializer_list<int> numbers) {
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int number : numbers) ::sigaddset(&signals, number);
  return signals;
}

int OpenOutput(const char* file) {
  const int output = ::open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (output < 0) Fail(kUsage, file, std::strerror(errno));
  return output;
}

int OpenReport(const char* file) {
  if (file != nullptr) return OpenOutput(file);
  if (::fcntl(3, F_SETFD, FD_CLOEXEC) != 0) Fail(kUsage, "file descriptor 3", std::strerror(errno));
  return 3;
}

// The leader of a process group of its own, which does not outlive us.
pid_t Start(char** command, int output, const sigset_t& signals) {
  volatile int failure = 0;
  const pid_t child = ::vfork();
  if (child == 0) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (output >= 0) ::dup2(output, STDOUT_FILENO);
    ::sigprocmask(SIG_SETMASK, &signals, nullptr);
    ::execvp(command[0], command);
    failure = errno;
    ::_exit(kNoCommand);
  }
  if (child < 0) Fail(1, "vfork", std::strerror(errno));
  if (failure != 0) Fail(kNoCommand, command[0], std::strerror(failure));
  return child;
}

// The command and what comes of it, until all of them have ended.
class Watch {
 public:
  Watch(pid_t command, Nanoseconds started, Nanoseconds limit)
      : command_(command), started_(started), limit_(limit) {}

  // Until nobody is left.
  void Run() {
    for (;;) {
      siginfo_t ended{};
      if (::waitid(P_ALL, 0, &ended, WEXITED | WNOWAIT | WNOHANG) != 0) return;
      if (ended.si_pid != 0)
        Bury(ended.si_pid);
      else
        Wait();
      if (killing_) Kill();
    }
  }

  const Cost& cost() const { return cost_; }
  // The signal that told us to end; 0: none.
  int interrupted() const { return interrupted_; }

 private:
  void Bury(pid_t child) {
    if (child == command_) cost_.wall = Now() - started_;
    AddReads(child);
    int status = 0;
    rusage used{};
    ::wait4(child, &status, 0, &used);
    AddUsed(used);
    if (child != command_) {
      ++cost_.left_behind;
    } else {
      cost_.exit = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
      command_ = 0;
    }
  }

  // /proc tells them of who has ended and is not buried yet.
  void AddReads(pid_t child) {
    char name[32];
    std::snprintf(name, sizeof name, "/proc/%d/io", child);
    std::FILE* file = std::fopen(name, "r");
    if (file == nullptr) return;
    long long bytes = 0, calls = 0;
    if (std::fscanf(file, "rchar: %lld wchar: %*d syscr: %lld", &bytes, &calls) == 2) {
      cost_.bytes_read += bytes;
      cost_.read_calls += calls;
    }
    std::fclose(file);
  }

  // Of the process and those that it has waited for.
  void AddUsed(const rusage& used) {
    timeradd(&cost_.used.ru_utime, &used.ru_utime, &cost_.used.ru_utime);
    timeradd(&cost_.used.ru_stime, &used.ru_stime, &cost_.used.ru_stime);
    if (used.ru_maxrss > cost_.used.ru_maxrss) cost_.used.ru_maxrss = used.ru_maxrss;
    cost_.used.ru_majflt += used.ru_majflt;
    cost_.used.ru_nvcsw += used.ru_nvcsw;
    cost_.used.ru_nivcsw += used.ru_nivcsw;
  }

  // For somebody's end, the limit, or a signal for us.
  void Wait() {
    const sigset_t signals = SignalsOf({SIGCHLD, SIGINT, SIGTERM, SIGHUP});
    const bool limited = limit_ > 0 && !killing_;
    const Nanoseconds left = std::max(0LL, started_ + limit_ - Now());
    const timespec patience{.tv_sec = left / kSecond, .tv_nsec = left % kSecond};
    const int signal = ::sigtimedwait(&signals, nullptr, limited ? &patience : nullptr);
    if (signal == SIGCHLD) return;
    if (signal > 0) interrupted_ = signal;
    if (signal < 0 && errno == EAGAIN) cost_.limit = true;
    killing_ = cost_.limit || interrupted_ != 0;
  }

  // The command's group at once; and who has left it, as soon as it is our child.
  void Kill() const {
    if (command_ != 0) ::kill(-command_, SIGKILL);
    char name[64];
    std::snprintf(name, sizeof name, "/proc/self/task/%d/children", ::getpid());
    std::FILE* file = std::fopen(name, "r");
    if (file == nullptr) return;
    int child = 0;
    while (std::fscanf(file, "%d", &child) == 1) ::kill(child, SIGKILL);
    std::fclose(file);
  }

  pid_t command_;  // 0: is buried
  Nanoseconds started_;
  Nanoseconds limit_;  // 0: none
  Cost cost_;
  bool killing_ = false;
  int interrupted_ = 0;
};

double SecondsOf(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

void Report(int report, const Cost& cost, long long instructions) {
  char counted[24] = "null";
  if (instructions >= 0) std::snprintf(counted, sizeof counted, "%lld", instructions);
  ::dprintf(
      report,
      "{\"wall_seconds\": %.9f, \"user_seconds\": %.6f, \"system_seconds\": %.6f, "
      "\"peak_bytes\": %lld, \"bytes_read\": %lld, \"read_calls\": %lld, \"major_faults\": %ld, "
      "\"voluntary_switches\": %ld, \"involuntary_switches\": %ld, \"instructions\": %s, "
      "\"exit\": %d, \"limit\": %s, \"left_behind\": %d}\n",
      static_cast<double>(cost.wall) / kSecond, SecondsOf(cost.used.ru_utime),
      SecondsOf(cost.used.ru_stime), cost.used.ru_maxrss * 1024LL, cost.bytes_read, cost.read_calls,
      cost.used.ru_majflt, cost.used.ru_nvcsw, cost.used.ru_nivcsw, counted, cost.exit,
      cost.limit ? "true" : "false", cost.left_behind);
}

}  // namespace

int main(int, char** words) {
  const Options options = OptionsOf(words);
  const int report = OpenReport(options.report);
  const int output = options.standard_output == nullptr ? -1 : OpenOutput(options.standard_output);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const sigset_t watched = SignalsOf({SIGCHLD, SIGINT, SIGTERM, SIGHUP});
  sigset_t before;
  ::sigprocmask(SIG_BLOCK, &watched, &before);
  const int counter = CountInstructions();

  const Nanoseconds started = Now();
  Watch watch(Start(options.command, output, before), started, options.limit);
  watch.Run();
  if (watch.interrupted() != 0) return 128 + watch.interrupted();
  Report(report, watch.cost(), InstructionsOf(counter));
  return 0;
}
