#include "base/child_process.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <poll.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <map>
#include <system_error>

#include "base/error.h"
#include "base/subprocess.h"

namespace lockstep {
namespace {

constexpr char kDefaultPath[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr int kExecFailed = 127;

struct User {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
  std::string home;
};

// What the child tells when it could not become the program.
struct StartFailure {
  enum Stage : int { kStreams, kUser, kFolder, kProgram } stage = kStreams;
  int error = 0;
};

std::string Reason(int error) { return std::generic_category().message(error); }

[[noreturn]] void Refuse(const std::string& program, const std::string& why,
                         const std::string& hint = {}) {
  throw Error(ErrorCode::kSubprocess, "the program '" + program + "' cannot be started: " + why,
              hint);
}

User LookUpUser(uid_t uid) {
  const passwd* entry = getpwuid(uid);
  if (entry == nullptr) {
    throw Error(ErrorCode::kSubprocess, "there is no user with the uid " + std::to_string(uid));
  }
  User user{uid, entry->pw_gid, {}, entry->pw_dir};
  int count = 64;
  user.groups.resize(static_cast<std::size_t>(count));
  if (getgrouplist(entry->pw_name, user.gid, user.groups.data(), &count) < 0) count = 0;
  user.groups.resize(static_cast<std::size_t>(count));
  return user;
}

std::string FromEnvironment(const char* name, const char* fallback) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : fallback;
}

std::vector<std::string> EnvironmentOf(const ChildRequest& request,
                                       const std::optional<User>& user) {
  std::map<std::string, std::string> variables = {
      {"PATH", FromEnvironment("PATH", kDefaultPath)},
      {"HOME", user ? user->home : FromEnvironment("HOME", "/")},
      {"LANG", FromEnvironment("LANG", "C.UTF-8")},
  };
  for (const auto& [name, value] : request.environment) variables[name] = value;
  std::vector<std::string> entries;
  for (const auto& [name, value] : variables) entries.push_back(name + "=" + value);
  return entries;
}

std::vector<char*> PointersTo(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::string ResolveProgram(const ChildRequest& request) {
  if (request.command.empty()) throw Error(ErrorCode::kInternal, "a program without a name");
  const std::string& name = request.command.front();
  if (const auto path = FindProgram(name)) return *path;
  // The kernel knows best what is wrong with a path.
  if (name.find('/') != std::string::npos) return name;
  Refuse(name, "it is in no folder of PATH", "install it, or give its absolute path");
}

// Everything that the child needs, made ready before fork: after it, in a program with threads,
// only plain system calls are safe.
struct Preparation {
  explicit Preparation(const ChildRequest& request)
      : program(ResolveProgram(request)), arguments(request.command), request_(request) {
    if (request.run_as_uid) user = LookUpUser(*request.run_as_uid);
    variables = EnvironmentOf(request, user);
    argument_pointers = PointersTo(arguments);
    variable_pointers = PointersTo(variables);
    null = Descriptor(::open("/dev/null", O_RDWR | O_CLOEXEC));
    parent = ::getpid();
  }

  const ChildRequest& request() const { return request_; }

  std::string program;
  std::vector<std::string> arguments, variables;
  std::vector<char*> argument_pointers, variable_pointers;
  std::optional<User> user;
  Descriptor null;
  pid_t parent = 0;

 private:
  const ChildRequest& request_;
};

// From here on until Become: the child's side, between fork and exec.

[[noreturn]] void Fail(int report, StartFailure::Stage stage) {
  const StartFailure failure{stage, errno};
  [[maybe_unused]] const auto written = ::write(report, &failure, sizeof failure);
  ::_exit(kExecFailed);
}

// Handlers are ours and would be void; an ignored SIGPIPE or a blocked SIGTERM would be inherited.
void ResetSignals() {
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &standard, nullptr);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

bool PlaceStreams(const Preparation& preparation) {
  std::array<int, 3> lifted{};
  // Out of the way first: one of them may sit on the number that another one takes.
  for (std::size_t i = 0; i < lifted.size(); ++i) {
    const int wanted = preparation.request().streams[i];
    const int source = wanted >= 0 ? wanted : preparation.null.get();
    lifted[i] = ::fcntl(source, F_DUPFD_CLOEXEC, 3);
    if (lifted[i] < 0) return false;
  }
  for (std::size_t i = 0; i < lifted.size(); ++i) {
    if (::dup2(lifted[i], static_cast<int>(i)) < 0) return false;
  }
  // A library may have opened something without the flag.
  ::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
  return true;
}

// glibc's own setters take locks to tell all threads; here is only one.
bool SwitchUser(const User& user) {
  return ::syscall(SYS_setgroups, user.groups.size(), user.groups.data()) == 0 &&
         ::syscall(SYS_setresgid, user.gid, user.gid, user.gid) == 0 &&
         ::syscall(SYS_setresuid, user.uid, user.uid, user.uid) == 0;
}

void TieToParent(const Preparation& preparation) {
  ::prctl(PR_SET_PDEATHSIG, preparation.request().death_signal);
  if (::getppid() != preparation.parent) ::_exit(kExecFailed);
}

[[noreturn]] void Become(const Preparation& preparation, int report) {
  const ChildRequest& request = preparation.request();
  if (request.survives) {
    ::setsid();
  } else {
    ::setpgid(0, 0);
  }
  ResetSignals();
  if (!PlaceStreams(preparation)) Fail(report, StartFailure::kStreams);
  if (preparation.user && !SwitchUser(*preparation.user)) Fail(report, StartFailure::kUser);
  // A change of user forgets the death signal, so it comes after.
  if (!request.survives) TieToParent(preparation);
  if (!request.working_directory.empty() && ::chdir(request.working_directory.c_str()) != 0) {
    Fail(report, StartFailure::kFolder);
  }
  ::execve(preparation.program.c_str(), preparation.argument_pointers.data(),
           preparation.variable_pointers.data());
  Fail(report, StartFailure::kProgram);
}

std::pair<Descriptor, Descriptor> MakeReportPipe(const std::string& program) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) Refuse(program, Reason(errno));
  std::pair<Descriptor, Descriptor> pipe{Descriptor(ends[0]), Descriptor(ends[1])};
  // Off the standard numbers, which the child gives away.
  const int lifted = ::fcntl(pipe.second.get(), F_DUPFD_CLOEXEC, 3);
  if (lifted < 0) Refuse(program, Reason(errno));
  pipe.second = Descriptor(lifted);
  return pipe;
}

// No signal handler of ours may run in the child before it has put the standard ones in place.
pid_t ForkWithoutSignals() {
  sigset_t all, before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = ::fork();
  const int error = errno;
  if (pid != 0) ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return pid;
}

std::optional<StartFailure> ReadReport(int report) {
  StartFailure failure;
  ssize_t count = 0;
  do {
    count = ::read(report, &failure, sizeof failure);
  } while (count < 0 && errno == EINTR);
  if (count != sizeof failure) return std::nullopt;
  return failure;
}

std::string Explain(const StartFailure& failure, const ChildRequest& request) {
  const std::string reason = Reason(failure.error);
  switch (failure.stage) {
    case StartFailure::kStreams:
      return "its standard streams cannot be set up: " + reason;
    case StartFailure::kUser:
      return "it cannot run as the user " + std::to_string(request.run_as_uid.value_or(0)) + ": " +
             reason;
    case StartFailure::kFolder:
      return "its folder '" + request.working_directory + "' cannot be entered: " + reason;
    case StartFailure::kProgram:
      return reason;
  }
  return reason;
}

int WaitForEnd(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

// By the bare system call: glibc 2.36 declares its function without C linkage.
Descriptor OpenProcess(pid_t pid) {
  return Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

ChildProcess::ChildProcess(const ChildRequest& request) {
  const Preparation preparation(request);
  auto [report, child_report] = MakeReportPipe(preparation.program);
  pid_ = ForkWithoutSignals();
  if (pid_ < 0) Refuse(preparation.program, Reason(errno));
  if (pid_ == 0) Become(preparation, child_report.get());
  child_report.Close();
  if (const auto failure = ReadReport(report.get())) {
    WaitForEnd(std::exchange(pid_, -1));
    Refuse(preparation.program, Explain(*failure, request));
  }
  descriptor_ = OpenProcess(pid_);
  if (!descriptor_.open()) {
    const int error = errno;
    Signal(SIGKILL);
    Reap();
    Refuse(preparation.program, Reason(error));
  }
}

ChildProcess::~ChildProcess() {
  if (pid_ < 0) return;
  Signal(SIGKILL);
  Reap();
}

void ChildProcess::Signal(int signal) {
  if (pid_ > 0) ::kill(-pid_, signal);
}

bool ChildProcess::WaitFor(std::chrono::milliseconds limit) {
  pollfd ended{descriptor(), POLLIN, 0};
  return ::poll(&ended, 1, static_cast<int>(limit.count())) > 0;
}

int ChildProcess::Reap() {
  siginfo_t info{};
  // Until the program is reaped nobody else can have its number, so the group is still the right
  // one.
  while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
  }
  Signal(SIGKILL);
  return WaitForEnd(std::exchange(pid_, -1));
}

}  // namespace lockstep
