// Signals as events of the loop. However many come, the kernel keeps one of each kind until it has
// been read.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>

namespace lockstep {

struct ReceivedSignal {
  int number = 0;
  long sender_pid = 0;
  long sender_uid = 0;
};

// Thread: io.
class Signals {
 public:
  // Takes TERM, INT, QUIT, HUP, USR1 and USR2 out of the calling thread and all that it starts from
  // then on; to be called before there is another one.
  static void Block();

  // REQUIRES: Block was called.
  Signals(boost::asio::io_context& io, std::function<void(const ReceivedSignal&)> on_signal);

  void Stop() { descriptor_.close(); }

 private:
  void Read();

  std::function<void(const ReceivedSignal&)> on_signal_;
  boost::asio::posix::stream_descriptor descriptor_;
  alignas(8) std::array<char, 128> buffer_{};  // one signalfd_siginfo
};

}  // namespace lockstep
