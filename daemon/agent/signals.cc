#include "agent/signals.h"

#include <sys/signalfd.h>

#include <boost/asio/buffer.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace lockstep {
namespace {

static_assert(sizeof(signalfd_siginfo) == 128);

sigset_t OurSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2}) {
    sigaddset(&signals, signal);
  }
  return signals;
}

int OpenSignals() {
  const sigset_t signals = OurSignals();
  const int descriptor = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  if (descriptor >= 0) return descriptor;
  throw Error(ErrorCode::kInternal, std::string("cannot make a signalfd: ") + strerror(errno));
}

}  // namespace

void Signals::Block() {
  const sigset_t signals = OurSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

Signals::Signals(boost::asio::io_context& io, std::function<void(const ReceivedSignal&)> on_signal)
    : on_signal_(std::move(on_signal)), descriptor_(io, OpenSignals()) {
  Read();
}

void Signals::Read() {
  descriptor_.async_read_some(
      boost::asio::buffer(buffer_),
      [this](const boost::system::error_code& problem, std::size_t bytes) {
        if (problem) return;
        if (bytes == buffer_.size()) {
          signalfd_siginfo info{};
          std::memcpy(&info, buffer_.data(), sizeof info);
          on_signal_({static_cast<int>(info.ssi_signo), info.ssi_pid, info.ssi_uid});
        }
        if (descriptor_.is_open()) Read();
      });
}

}  // namespace lockstep
