// The migration lock: one PostgreSQL advisory lock for each history table, held by the session that
// does the work.
//
// Polled, never waited for: a session that waits in pg_advisory_lock() holds a snapshot, and the
// leader's CREATE INDEX CONCURRENTLY would wait for that snapshot for ever.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "postgres/session.h"

namespace lockstep {

// First key of our own; the second is the history table's OID, so that the lock follows the table
// whatever settings an agent has. "LKST" in ASCII.
inline constexpr int kMigrationLockSpace = 0x4C4B5354;
// While there is no history table: the second key is a hash of the schema's name.
inline constexpr int kInstallLockSpace = 0x4C4B5349;

// The session that holds the lock, as others can see it.
struct LockHolder {
  int pid = 0;
  std::string application_name;
  std::string user;
  std::string client_address;
  std::string state;
  double backend_age_seconds = 0;
  double query_age_seconds = -1;  // -1: not known
};

// "pid 4711 (lockstep/upgrade/68db6a7fba94, user app, client 10.0.0.7), connected for 12 s".
std::string ToText(const LockHolder& holder);

struct LockKey {
  int space = kMigrationLockSpace;
  unsigned id = 0;

  // The server's int4 is signed; an OID above 2^31 wraps, and pg_locks shows it unsigned again.
  int signed_id() const { return static_cast<int>(id); }
};

// One try; true: held from now on, until released or the session ends.
bool TryLock(Session& session, const LockKey& key);
void Unlock(Session& session, const LockKey& key);
std::optional<LockHolder> FindLockHolder(Session& session, const LockKey& key);

}  // namespace lockstep
