// Looks at the standbys before a strong lock is taken: its replay waits there behind whoever reads
// the table, and everything after it waits too. PostgreSQL replays ACCESS EXCLUSIVE alone.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "core/blocker.h"
#include "engine/lookout.h"
#include "postgres/lock_targets.h"

namespace lockstep {

struct StandbySettings {
  std::string name;  // host and port, for people
  SessionFactory open;
};

// Sessions to the standbys are opened at the first look and kept for the run. Thread: run.
class StandbyGuard {
 public:
  // `longest_query`: transactions younger than that are not waited for.
  StandbyGuard(const std::vector<StandbySettings>& standbys, Duration longest_query, Clock& clock);

  // Who has been reading, on a standby, what we want to lock; names of standbys that cannot be
  // asked are appended to `silent`.
  std::vector<Blocker> FindReaders(const std::vector<LockTarget>& targets,
                                   std::vector<std::string>& remarks);

 private:
  struct Standby {
    Standby(const StandbySettings& settings, Clock& clock)
        : name(settings.name), lookout(settings.open, clock, kRest) {}
    // One that cannot be reached holds up one look in a while.
    static constexpr Duration kRest = std::chrono::seconds(30);
    std::string name;
    Lookout lookout;
  };
  std::deque<Standby> standbys_;  // a Lookout does not move
  Duration longest_query_;
};

}  // namespace lockstep
