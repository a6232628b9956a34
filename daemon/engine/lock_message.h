// The part of a transaction's message that takes its table locks, before the body does anything.
#pragma once

#include "engine/lock_acquisition.h"
#include "postgres/sql_batch.h"

namespace lockstep {

// Which statements of a message wait for table locks.
struct LockStatements {
  std::size_t first = 0, end = 0;
  bool Contain(std::size_t statement) const { return statement >= first && statement < end; }
};

// Makes a message's other parts wait no longer than they may: before the body's role is entered,
// since only the login role is known to have the right.
void AddHurry(SqlBatch& batch, const Knock& knock);

// LOCK TABLE for each target that it takes, by OID; the body then runs with what is left: short
// waits for a table that was not foreseen, max_hold for a statement. REQUIRES: the body's role.
LockStatements AddTableLocks(SqlBatch& batch, const Knock& knock, const LockNeeds& needs,
                             const TableLockLimits& limits);

// How long a statement of the body may take; 0: for ever.
Duration BodyTimeout(const LockNeeds& needs, const TableLockLimits& limits);

// Whether the message failed because a table that it locks is not there any more.
bool TableIsGone(const LockStatements& locks, const Reply& reply);

// The limits that we set for the table locks' sake.
enum class LimitHit { kNone, kAcquireTimeout, kMaxHold };

// Which of them cancelled a message after `took`: `in_locks` while it waited for a table lock, else
// while its body ran. PostgreSQL only says that it was cancelled.
LimitHit LimitHitBy(const LockNeeds& needs, const TableLockLimits& limits, bool in_locks,
                    Duration took);

}  // namespace lockstep
