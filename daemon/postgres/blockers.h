// Who stands in whose way: the sessions that a backend waits for, and those that wait for it.
//
// Other roles' sessions show their state, age and query only to members of pg_monitor (or
// pg_read_all_stats). Without that right everything here still answers; what is hidden stays empty.
#pragma once

#include <string>
#include <vector>

#include "core/blocker.h"
#include "postgres/lock_targets.h"
#include "postgres/session.h"

namespace lockstep {

// Whom `backend_pid` waits for; empty when it does not wait. Oldest transaction first. Takes all of
// the server's lock partitions for a moment: not to be called in a tight loop.
std::vector<Blocker> FindBlockers(Session& session, int backend_pid);

// Who waits for `backend_pid`, directly; `mode` and `relation` are what they ask for. The longest
// wait first.
std::vector<Blocker> FindVictims(Session& session, int backend_pid);

// Who holds, or queues for, a lock that conflicts with one of `targets`, but for `backend_pid` (0:
// nobody is left out). Oldest transaction first. Waits for nobody.
std::vector<Blocker> FindHolders(Session& session, const std::vector<LockTarget>& targets,
                                 int backend_pid);

// How an attempt of `backend_pid` weighs on others, at one moment.
struct Strain {
  int victims = 0;                // sessions that wait for it, directly
  double worst_wait_seconds = 0;  // of the victim that waits longest
  bool waiting = false;           // it waits for a lock itself
};
Strain ReadStrain(Session& session, int backend_pid);

// Whether this role may set deadlock_timeout: then an autovacuum gives way at once.
bool MayHurryVacuum(Session& session);

// A session of this program in this database.
struct OurBackend {
  int pid = 0;
  std::string application_name;  // "lockstep/upgrade"
  std::string state;
  bool waiting = false;  // for a lock

  bool operator==(const OurBackend&) const = default;
};

// All but `session` itself, by pid.
std::vector<OurBackend> FindOurBackends(Session& session);

}  // namespace lockstep
