// What standard output and standard error are connected to.
#pragma once

#include <string_view>

namespace lockstep {

// One of the two streams, asked once. Thread: any.
class Terminal {
 public:
  explicit Terminal(int descriptor) : descriptor_(descriptor) {}
  bool is_terminal() const;
  // Columns, when it is a terminal that tells; 80 otherwise.
  int Columns() const;
  // Colours are wanted on a terminal, unless NO_COLOR (no-color.org), TERM=dumb or the option says
  // no.
  bool WantsColor(bool no_color_option) const;
  // Everything or nothing: false when the stream is closed or its disk is full.
  bool Write(std::string_view text) const;

 private:
  int descriptor_;
};

}  // namespace lockstep
