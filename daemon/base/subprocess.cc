#include "base/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <string_view>
#include <system_error>

#include "base/child_process.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/error.h"

namespace lockstep {
namespace {

constexpr auto kGraceAfterTerm = std::chrono::seconds(2);

// A pipe of which one end is ours, never blocking, and the other one the child's.
struct Pipe {
  enum class Ours { kRead, kWrite };

  explicit Pipe(Ours ours) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
      throw Error(ErrorCode::kSubprocess,
                  "no pipe can be made: " + std::generic_category().message(errno));
    }
    const bool reads = ours == Ours::kRead;
    here = Descriptor(ends[reads ? 0 : 1]);
    there = Descriptor(ends[reads ? 1 : 0]);
    ::fcntl(here.get(), F_SETFL, O_NONBLOCK);
  }

  Descriptor here, there;
};

// A program that closes its input early must not end us: in this thread SIGPIPE waits, and one that
// came is taken away before anybody sees it.
class WithoutSigpipe {
 public:
  WithoutSigpipe() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    ::sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~WithoutSigpipe() {
    const timespec at_once{};
    if (!was_pending_) ::sigtimedwait(&pipe_, nullptr, &at_once);
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  WithoutSigpipe(const WithoutSigpipe&) = delete;
  WithoutSigpipe& operator=(const WithoutSigpipe&) = delete;

 private:
  sigset_t pipe_{}, before_{};
  bool was_pending_ = false;
};

// Becomes readable when `stop` is requested.
class StopEvent {
 public:
  explicit StopEvent(const std::stop_token& stop)
      : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), callback_(stop, Wake{event_.get()}) {}

  int descriptor() const { return event_.get(); }

 private:
  struct Wake {
    int event;
    void operator()() const {
      const std::uint64_t one = 1;
      [[maybe_unused]] const auto written = ::write(event, &one, sizeof one);
    }
  };
  Descriptor event_;
  std::stop_callback<Wake> callback_;
};

// One of the program's output streams: keeps the first bytes, reads and drops the rest.
class OutputStream {
 public:
  explicit OutputStream(std::size_t limit) : limit_(limit) {}

  Descriptor& there() { return pipe_.there; }
  int descriptor() const { return pipe_.here.get(); }
  std::string Take() { return std::move(kept_); }

  void Read() {
    std::array<char, 16384> buffer;
    const ssize_t count = ::read(descriptor(), buffer.data(), buffer.size());
    if (count > 0) Keep({buffer.data(), static_cast<std::size_t>(count)});
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) pipe_.here.Close();
  }

  // What the program wrote before it ended, and no more: somebody whom it left behind may go on
  // writing for ever.
  void ReadRest() {
    int waiting = 0;
    if (descriptor() < 0 || ::ioctl(descriptor(), FIONREAD, &waiting) != 0 || waiting <= 0) return;
    std::string rest(static_cast<std::size_t>(waiting), '\0');
    const ssize_t count = ::read(descriptor(), rest.data(), rest.size());
    if (count > 0) Keep(std::string_view(rest).substr(0, static_cast<std::size_t>(count)));
  }

 private:
  void Keep(std::string_view bytes) { kept_ += bytes.substr(0, limit_ - kept_.size()); }

  Pipe pipe_{Pipe::Ours::kRead};
  std::size_t limit_;
  std::string kept_;
};

// The program's standard input: closed when all is written, or when nobody reads any more.
class InputStream {
 public:
  explicit InputStream(std::string_view text) : rest_(text) {}

  Descriptor& there() { return pipe_.there; }
  int descriptor() const { return pipe_.here.get(); }

  void Write() {
    const ssize_t count = ::write(descriptor(), rest_.data(), rest_.size());
    if (count > 0) rest_.remove_prefix(static_cast<std::size_t>(count));
    const bool refused = count < 0 && errno != EAGAIN && errno != EINTR;
    if (rest_.empty() || refused) pipe_.here.Close();
  }

 private:
  Pipe pipe_{Pipe::Ours::kWrite};
  std::string_view rest_;
};

// One program from start to end.
class Execution {
 public:
  Execution(const SubprocessRequest& request, const std::stop_token& stop)
      : input_(request.standard_input),
        output_(request.output_limit),
        error_output_(request.output_limit),
        stop_(stop),
        child_(ChildRequestOf(request)),
        deadline_(clock_.Now() + request.timeout) {
    input_.there().Close();
    output_.there().Close();
    error_output_.there().Close();
    if (request.standard_input.empty()) input_.Write();
  }

  SubprocessResult Run() {
    while (!Step()) {
    }
    output_.ReadRest();
    error_output_.ReadRest();
    result_.exit_code = child_.Reap();
    result_.output = output_.Take();
    result_.error_output = error_output_.Take();
    return std::move(result_);
  }

 private:
  ChildRequest ChildRequestOf(const SubprocessRequest& request) {
    ChildRequest child;
    child.command = request.command;
    child.environment = request.environment;
    child.run_as_uid = request.run_as_uid;
    child.working_directory = request.working_directory;
    child.streams = {input_.there().get(), output_.there().get(), error_output_.there().get()};
    return child;
  }

  // Waits for one thing to happen and sees to it; true when the program has ended.
  bool Step() {
    enum { kEnded, kStop, kOutput, kErrorOutput, kInput, kCount };
    std::array<pollfd, kCount> events{};
    events[kEnded] = {child_.descriptor(), POLLIN, 0};
    events[kStop] = {result_.stopped ? -1 : stop_.descriptor(), POLLIN, 0};
    events[kOutput] = {output_.descriptor(), POLLIN, 0};
    events[kErrorOutput] = {error_output_.descriptor(), POLLIN, 0};
    events[kInput] = {input_.descriptor(), POLLOUT, 0};
    if (::poll(events.data(), events.size(), MillisecondsLeft()) < 0) return false;
    if (events[kOutput].revents != 0) output_.Read();
    if (events[kErrorOutput].revents != 0) error_output_.Read();
    if (events[kInput].revents != 0) input_.Write();
    if (events[kEnded].revents != 0) return true;
    if (events[kStop].revents != 0) {
      result_.stopped = true;
      if (ending_ == Ending::kNot) End();
    }
    if (MillisecondsLeft() == 0) Overdue();
    return false;
  }

  int MillisecondsLeft() const {
    if (ending_ == Ending::kKilled) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - clock_.Now());
    return static_cast<int>(std::clamp<long long>(left.count(), 0, INT_MAX));
  }

  void Overdue() {
    if (ending_ == Ending::kNot) result_.timed_out = true;
    End();
  }

  void End() {
    const bool first = ending_ == Ending::kNot;
    child_.Signal(first ? SIGTERM : SIGKILL);
    ending_ = first ? Ending::kTerminated : Ending::kKilled;
    deadline_ = clock_.Now() + kGraceAfterTerm;
  }

  enum class Ending { kNot, kTerminated, kKilled };

  WithoutSigpipe without_sigpipe_;
  SystemClock clock_;
  InputStream input_;
  OutputStream output_, error_output_;
  StopEvent stop_;
  ChildProcess child_;
  SteadyTime deadline_;
  Ending ending_ = Ending::kNot;
  SubprocessResult result_;
};

bool IsProgram(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

SubprocessResult RunSubprocess(const SubprocessRequest& request, std::stop_token stop) {
  return Execution(request, stop).Run();
}

std::optional<std::string> FindProgram(const std::string& name) {
  if (name.find('/') != std::string::npos) {
    return IsProgram(name) ? std::optional(name) : std::nullopt;
  }
  const char* variable = std::getenv("PATH");
  std::string_view folders = variable != nullptr ? variable : "/usr/bin:/bin";
  while (!folders.empty()) {
    const std::string_view folder = folders.substr(0, folders.find(':'));
    folders.remove_prefix(std::min(folder.size() + 1, folders.size()));
    const std::string path = std::string(folder) + "/" + name;
    // An empty or relative entry would mean the folder that we happen to stand in.
    if (folder.starts_with('/') && IsProgram(path)) return path;
  }
  return std::nullopt;
}

}  // namespace lockstep
