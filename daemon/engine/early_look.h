// The first session of a run and what it sees, had while the caller reads the migrations: the one
// waits for the server, the other for the disk.
#pragma once

#include <future>

#include "postgres/history_table.h"
#include "postgres/session.h"

namespace lockstep {

struct FirstLook {
  OpenedSession opened;
  std::future<Look> look;  // is there, or throws what looking threw
};

// Begins at once, in a thread of its own; its end waits for that.
// Thread: one.
class EarlyLook {
 public:
  // `open` is called by the other thread.
  EarlyLook(SessionFactory open, SessionOptions options, BookkeepingNames names);

  bool taken() const { return !first_.valid(); }
  // Waits. Once; throws what opening the session threw.
  FirstLook Take() { return first_.get(); }

 private:
  std::future<FirstLook> first_;
};

}  // namespace lockstep
