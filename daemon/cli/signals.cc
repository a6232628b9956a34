#include "cli/signals.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "core/duration.h"

namespace lockstep {
namespace {

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGQUIT, SIGHUP}) sigaddset(&signals, signal);
  return signals;
}

int Opened(int descriptor, const char* what) {
  if (descriptor >= 0) return descriptor;
  throw Error(ErrorCode::kInternal, std::string("cannot make a ") + what + ": " + strerror(errno));
}

int BlockAndOpen() {
  const sigset_t signals = StopSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return Opened(signalfd(-1, &signals, SFD_CLOEXEC), "signalfd");
}

}  // namespace

StopRules::StopRules(StopSource& source, Clock& clock, std::function<void(std::string_view)> say,
                     Duration grace)
    : source_(source), clock_(clock), say_(std::move(say)), grace_(grace) {}

StopRules::~StopRules() = default;

StopRules::Next StopRules::On(int signal) {
  if (cancelled_) return Next::kLeave;
  if (source_.requested() || signal == SIGQUIT) {
    cancelled_ = true;
    say_("cancelling now; what is not finished is rolled back");
    source_.RequestNow();
    return Next::kGoOn;
  }
  if (signal == SIGINT) {
    say_("stopping after the current migration; press Ctrl-C again to cancel it now");
  } else {
    say_("stopping after the current migration; it is cancelled in " + ToText(grace_));
    CancelAfterGrace();
  }
  source_.RequestAfterCurrent();
  return Next::kGoOn;
}

void StopRules::CancelAfterGrace() {
  grace_thread_ = std::jthread([this](std::stop_token ended) {
    if (clock_.SleepFor(grace_, std::move(ended))) source_.RequestNow();
  });
}

SignalWatcher::SignalWatcher(SignalRules& rules)
    : rules_(rules),
      signals_(BlockAndOpen()),
      end_(Opened(eventfd(0, EFD_CLOEXEC), "eventfd")),
      thread_([this] { Watch(); }) {}

SignalWatcher::~SignalWatcher() {
  const std::uint64_t one = 1;
  if (write(end_, &one, sizeof one) == sizeof one) thread_.join();
  close(signals_);
  close(end_);
}

void SignalWatcher::Watch() {
  pollfd watched[] = {{signals_, POLLIN, 0}, {end_, POLLIN, 0}};
  while (true) {
    if (poll(watched, 2, -1) < 0) continue;
    if (watched[1].revents != 0) return;
    signalfd_siginfo info{};
    if (read(signals_, &info, sizeof info) != sizeof info) continue;
    const int signal = static_cast<int>(info.ssi_signo);
    // The server rolls back by itself once the connection has gone.
    if (rules_.On(signal) == SignalRules::Next::kLeave) std::_Exit(128 + signal);
  }
}

}  // namespace lockstep
