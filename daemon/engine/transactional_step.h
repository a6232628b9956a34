// Runs one transactional migration: one message with the work, one with the commit.
#pragma once

#include <functional>
#include <optional>

#include "engine/carried_commit.h"
#include "engine/prepared_step.h"

namespace lockstep {

// The commits at both ends of a step.
struct StepCommits {
  CarriedCommit& carried;                 // of the step before; when this one leaves its own, that
  bool leave = false;                     // its own commit waits for the next message
  std::function<void()> on_carried = {};  // the commit of the step before has happened
};

// Tries the whole transaction again while it loses races for table locks, until the deadline.
// Throws Error kConnectionLost, kInDoubt (during a commit) and kFenced; everything that PostgreSQL
// refuses is in the report. `attempt` is the UUID under which the history would hold it. Nothing
// when PostgreSQL refused the carried commit, or the whole message with it: then neither migration
// has happened, and both may be tried with commits of their own.
// REQUIRES: MayShareRoundTrip for a step that meets a carried commit, or leaves its own.
std::optional<StepReport> RunTransactionalStep(const StepContext& context,
                                               const PreparedStep& prepared,
                                               const std::string& attempt,
                                               const StepCommits& commits);

// Why a step is not there, by the answer to its commit.
SqlFailure FailureOfCommit(const PreparedStep& prepared, const CommitReply& reply);

}  // namespace lockstep
