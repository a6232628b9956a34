// Acts on other server processes: cancels our own statement from beside it, and, where the user has
// asked for it, ends sessions that stand in our way.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "core/blocker.h"
#include "postgres/session.h"

namespace lockstep {

// Whose sessions may be ended: idle in a transaction for long, of a listed user or application.
struct EndingRule {
  bool on = false;
  Duration idle_longer_than = std::chrono::seconds(60);
  std::vector<std::string> users;
  std::vector<std::string> applications;
};

// By what was seen of it; EndBlockersOf looks again.
bool MayBeEnded(const Blocker& blocker, const EndingRule& rule);

// Cancels what the session runs (pg_cancel_backend).
void CancelBackend(Session& session, int backend_pid);

struct EndedBlocker {
  Blocker blocker;
  bool terminated = false;  // else only cancelled
};

// Acts on each session that blocks `backend_pid` in this very moment and falls under the rule: one
// that is among `cancelled` is terminated, any other is cancelled first, which an idle one does not
// feel. All of it is asked in one statement, so that nobody else is met. Throws Error kPermission
// without pg_signal_backend or the session's own role.
std::vector<EndedBlocker> EndBlockersOf(Session& session, int backend_pid, const EndingRule& rule,
                                        const std::set<int>& cancelled);

}  // namespace lockstep
