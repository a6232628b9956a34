// Whether this is the moment to queue for table locks: the judgement on what a look has seen.
#pragma once

#include <string>
#include <vector>

#include "core/blocker.h"
#include "core/table_lock_limits.h"
#include "postgres/backend_control.h"

namespace lockstep {

enum class Opening {
  kFree,        // nobody, or only transactions so young that they end by themselves
  kAutovacuum,  // an ordinary autovacuum besides: it gives way when asked
  kEndable,     // what else stands in the way may be ended by the rule that the user gave
  kBlocked,     // queueing now would make the application queue behind us
};

// `seen`: who holds, or queues for, a conflicting lock on what we want to lock.
Opening Judge(const std::vector<Blocker>& seen, const TableLockLimits& limits,
              const EndingRule& ending);

}  // namespace lockstep
