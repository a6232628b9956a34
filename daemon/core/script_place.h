// Where in a script something stands, for messages, and cheap when there are many of them.
#pragma once

#include <cstddef>
#include <string_view>

namespace lockstep {

// Counts lines and columns along the script, once for all places. Lines end as for PositionAt, with
// LF, CRLF or CR. Thread: one at a time.
class PlaceCounter {
 public:
  // The script must outlive the counter.
  explicit PlaceCounter(std::string_view script) : script_(script) {}

  // REQUIRES: offsets do not decrease from call to call.
  void MoveTo(std::size_t offset);

  int line() const { return line_; }      // from 1
  int column() const { return column_; }  // from 1, in characters

 private:
  void Pass(char c);

  std::string_view script_;
  std::size_t at_ = 0;
  int line_ = 1;
  int column_ = 1;
};

// The line of `script` that holds byte `offset`, without its end; empty when it is longer than a
// person reads (4 KiB), so that many messages about one endless line stay cheap. Thread: any.
std::string_view LineAround(std::string_view script, std::size_t offset);

}  // namespace lockstep
