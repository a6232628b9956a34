// The two ways to lose a connection around a COMMIT, for connections that go through a WireProxy.
#pragma once

#include <memory>
#include <mutex>
#include <ostream>

#include "support/wire_proxy.h"

namespace lockstep {

enum class CommitFault {
  kCutBefore,      // the server never sees the COMMIT: it rolls back
  kSwallowAnswer,  // the server commits, the client never learns it
};

// For the names of tests: "NotCommitted", "Committed".
std::ostream& operator<<(std::ostream& out, CommitFault fault);

// Counts the COMMITs of all connections that share it; the fault comes once. Thread: any.
class CommitFaultPlan {
 public:
  CommitFaultPlan(CommitFault fault, int commit) : fault_(fault), commit_(commit) {}
  // True when the COMMIT that is seen now is the one to be hit.
  bool IsNext();
  CommitFault fault() const { return fault_; }
  bool happened() const;

 private:
  const CommitFault fault_;
  const int commit_;
  mutable std::mutex mutex_;
  int seen_ = 0;  // guarded by mutex_
};

WirePolicyFactory WithCommitFault(std::shared_ptr<CommitFaultPlan> plan);

}  // namespace lockstep
