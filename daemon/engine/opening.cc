#include "engine/opening.h"

#include <algorithm>

namespace lockstep {
namespace {

bool IsYoung(const Blocker& blocker, const TableLockLimits& limits) {
  return !HidesItsAge(blocker) && blocker.transaction_age_seconds < ToSeconds(limits.young_holder);
}

// Somebody's request in the queue is a stack that we would add to, however young it is.
bool EndsByItself(const Blocker& blocker, const TableLockLimits& limits) {
  const bool session = blocker.kind != BlockerKind::kPrepared &&
                       blocker.kind != BlockerKind::kWraparound &&
                       blocker.kind != BlockerKind::kAutovacuum;
  return session && !blocker.queued && blocker.standby.empty() && IsYoung(blocker, limits);
}

Opening JudgeOne(const Blocker& blocker, const TableLockLimits& limits, const EndingRule& ending) {
  if (EndsByItself(blocker, limits)) return Opening::kFree;
  if (blocker.kind == BlockerKind::kAutovacuum) return Opening::kAutovacuum;
  return MayBeEnded(blocker, ending) ? Opening::kEndable : Opening::kBlocked;
}

}  // namespace

Opening Judge(const std::vector<Blocker>& seen, const TableLockLimits& limits,
              const EndingRule& ending) {
  Opening opening = Opening::kFree;
  for (const Blocker& blocker : seen) {
    opening = std::max(opening, JudgeOne(blocker, limits, ending));
  }
  return opening;
}

}  // namespace lockstep
