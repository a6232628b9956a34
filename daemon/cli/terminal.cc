#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace lockstep {
namespace {

std::string_view Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

}  // namespace

bool Terminal::is_terminal() const { return isatty(descriptor_) == 1; }

int Terminal::Columns() const {
  winsize size{};
  if (ioctl(descriptor_, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

bool Terminal::WantsColor(bool no_color_option) const {
  if (no_color_option || !is_terminal()) return false;
  return Environment("NO_COLOR").empty() && Environment("TERM") != "dumb";
}

bool Terminal::Write(std::string_view text) const {
  while (!text.empty()) {
    const auto written = write(descriptor_, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace lockstep
