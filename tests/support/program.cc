#include "support/program.h"

#include <fcntl.h>
#include <poll.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace lockstep {
namespace {

void OpenPipe(Descriptor (&pipe)[2]) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw std::system_error(errno, std::generic_category(), "pipe");
  }
  pipe[0] = Descriptor(ends[0]);
  pipe[1] = Descriptor(ends[1]);
}

// Says false at the end of the stream.
bool Receive(int descriptor, std::string& chunk) {
  chunk.resize(65536);
  const ssize_t count = ::read(descriptor, chunk.data(), chunk.size());
  if (count < 0 && errno == EINTR) return chunk.clear(), true;
  chunk.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return count > 0;
}

}  // namespace

Program::Pipes::Pipes() {
  OpenPipe(input);
  OpenPipe(output);
  OpenPipe(messages);
}

ChildRequest Program::RequestFor(const char* program, const std::vector<std::string>& arguments,
                                 const Environment& environment, const Pipes& pipes) {
  ChildRequest request;
  request.command = {program};
  request.command.insert(request.command.end(), arguments.begin(), arguments.end());
  request.environment.assign(environment.begin(), environment.end());
  request.streams = {pipes.input[0].get(), pipes.output[1].get(), pipes.messages[1].get()};
  return request;
}

Program::Program(const std::vector<std::string>& arguments, const Environment& environment,
                 std::string_view input, const char* program)
    : child_(RequestFor(program, arguments, environment, pipes_)) {
  pipes_.input[0].Close();
  pipes_.output[1].Close();
  pipes_.messages[1].Close();
  Feed(input);
  reader_ = std::jthread([this] { Read(); });
}

// The reader ends with the program, whose streams nobody else holds.
Program::~Program() { child_.Signal(SIGKILL); }

// What a pipe takes without a reader: 64 KiB.
void Program::Feed(std::string_view input) {
  if (::write(pipes_.input[1].get(), input.data(), input.size()) != std::ssize(input)) {
    throw std::system_error(errno, std::generic_category(), "the program's input");
  }
  pipes_.input[1].Close();
}

void Program::Read() {
  std::array<pollfd, 2> watched{
      {{pipes_.output[0].get(), POLLIN, 0}, {pipes_.messages[0].get(), POLLIN, 0}}};
  std::string chunk;
  for (int open = 2; open > 0;) {
    if (::poll(watched.data(), watched.size(), -1) < 0) continue;
    for (pollfd& stream : watched) {
      if (stream.fd < 0 || stream.revents == 0) continue;
      const bool more = Receive(stream.fd, chunk);
      const std::lock_guard guard(mutex_);
      (&stream == &watched[0] ? end_.output : end_.messages) += chunk;
      if (!more) stream.fd = -1;
      if (!more && --open == 0) closed_ = true;
    }
    came_.notify_all();
  }
}

bool Program::WaitForMessage(std::string_view text) {
  std::unique_lock lock(mutex_);
  const auto said = [&] { return end_.messages.find(text) != std::string::npos; };
  came_.wait(lock, [&] { return said() || closed_; });
  return said();
}

std::string Program::messages() {
  const std::lock_guard guard(mutex_);
  return end_.messages;
}

ProgramEnd Program::Wait() {
  const int exit_code = child_.Reap();
  reader_.join();
  end_.exit_code = exit_code;
  return end_;
}

}  // namespace lockstep
