// What one attempt of a step will lock, and whether the application would feel it.
#pragma once

#include <vector>

#include "core/statement_splitter.h"
#include "postgres/lock_targets.h"

namespace lockstep {

struct LockNeeds {
  std::vector<LockTarget> targets;  // known before it begins; by OID, the order of locking
  bool strong = false;     // reads or writes would queue behind it: short waits, breaker, max_hold
  bool long_hold = false;  // once it has its locks, it may take as long as it needs
};

// `statements` and `locks` go together, one by one. A statement whose locks nobody can tell (DO,
// CALL) counts as strong. REQUIRES: RefuseLongWork has passed.
LockNeeds NeedsOf(const std::vector<Statement>& statements,
                  const std::vector<StatementLocks>& locks, long long small_table);

}  // namespace lockstep
