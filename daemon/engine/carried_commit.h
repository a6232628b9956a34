// The commit of a migration whose work is done, which travels at the head of the next one's message
// or alone: so each migration costs one round trip.
//
// A commit never travels with its own work, since the server would go on to commit for a client
// that is dead. What it travels with is a message that the server reads in a moment: until then the
// migration's locks are held.
#pragma once

#include "engine/prepared_step.h"
#include "postgres/sql_batch.h"

namespace lockstep {

// Whether the commit of such a step may wait for the next message, and may stand at the head of
// its own: it is short, nobody else can be waiting for what it locks, nothing has to be asked
// before it, and it is over soon, since of the commit before it nothing is heard until then.
bool MayShareRoundTrip(const PreparedStep& step);

// Thread: run.
class CarriedCommit {
 public:
  bool waits() const { return waits_; }
  // The work of a step is done in the session's open transaction.
  void Wait() { waits_ = true; }

  // REQUIRES: waits(). Sends it alone; throws as Commit does, and waits on then.
  CommitReply GoAlone(Session& session);

  // Sends `batch`, which begins with the commit when one waits. Throws as Session::Send; Error
  // kInDoubt when the connection is lost before it is known what became of the commit, which waits
  // on then.
  Reply SendWith(Session& session, const SqlBatch& batch);
  // At the head of the batch, when one waits.
  void AddTo(SqlBatch& batch) const {
    if (waits_) batch.Add("commit");
  }

 private:
  bool waits_ = false;
};

}  // namespace lockstep
