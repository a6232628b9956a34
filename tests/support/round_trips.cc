#include "support/round_trips.h"

#include <string_view>
#include <utility>

namespace lockstep {
namespace {

// A notice, a setting's new value, a notification: they come at any time.
bool IsUnasked(char type) { return std::string_view("NSA").find(type) != std::string_view::npos; }

// A simple query, the end of an extended one, a function call.
bool AsksForReady(char type) {
  return std::string_view("QSF").find(type) != std::string_view::npos;
}

}  // namespace

void RoundTrips::NoteRequest(char type) {
  asked_ = true;
  if (type == 'H') flushed_ = true;
  if (!AsksForReady(type)) return;
  ++owed_;
  flushed_ = false;
  queried_ = type == 'Q';
}

bool RoundTrips::NoteAnswer(char type) {
  if (starting_) return NoteStartupAnswer(type);
  if (type == 'Z') return owed_ > 0 && --owed_ == 0;
  if (type == 'G') return NoteCopy();
  return owed_ == 0 && !IsUnasked(type) && std::exchange(flushed_, false);
}

bool RoundTrips::NoteStartupAnswer(char type) {
  starting_ = type != 'Z';
  return std::exchange(asked_, false);
}

// The server ignores a Sync that comes before the data, and the client sends another after them.
bool RoundTrips::NoteCopy() {
  if (!queried_) owed_ = 0;
  return true;
}

}  // namespace lockstep
