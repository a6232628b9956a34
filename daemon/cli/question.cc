#include "cli/question.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cstdint>

#include "base/text.h"
#include "cli/terminal.h"

namespace lockstep {
namespace {

// Becomes readable when it is signalled, so that poll can wait for it too.
class Event {
 public:
  Event() : descriptor_(eventfd(0, EFD_CLOEXEC)) {}
  ~Event() { close(descriptor_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  int descriptor() const { return descriptor_; }
  void Signal() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = write(descriptor_, &one, sizeof one);
  }

 private:
  int descriptor_;
};

// A terminal hands over whole lines.
std::optional<std::string> ReadLine(const std::stop_token& stop) {
  const Event stopped;
  const std::stop_callback callback(stop, [&stopped] { stopped.Signal(); });
  std::array<pollfd, 2> watched{{{STDIN_FILENO, POLLIN, 0}, {stopped.descriptor(), POLLIN, 0}}};
  if (poll(watched.data(), watched.size(), -1) < 0 || watched[1].revents != 0) return std::nullopt;
  std::array<char, 256> line{};
  const auto got = read(STDIN_FILENO, line.data(), line.size());
  return std::string(line.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
}

}  // namespace

bool MeansYes(const std::string& line) {
  const auto word = ToLower(Trim(line));
  return word == "y" || word == "yes";
}

std::optional<bool> AskPerson(const std::string& question, std::stop_token stop) {
  const Terminal messages(STDERR_FILENO);
  if (!messages.is_terminal() || isatty(STDIN_FILENO) != 1) return std::nullopt;
  messages.Write(Escaped(question) + " [y/N] ");
  const auto line = ReadLine(stop);
  if (!line) return std::nullopt;
  return MeansYes(*line);
}

}  // namespace lockstep
