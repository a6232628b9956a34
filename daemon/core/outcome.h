// How a step and a run ended: values, since PostgreSQL's "no" is an answer and not an accident.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/diagnostic.h"
#include "core/blocker.h"
#include "core/plan.h"

namespace lockstep {

// One error report of PostgreSQL, all fields that it sent.
struct SqlError {
  std::string sqlstate;
  std::string message;
  std::string detail, hint, context;
  std::string schema, table, column, constraint;
  int position = 0;  // character in the message that was sent, from 1; 0: none given

  bool operator==(const SqlError&) const = default;
};

// Why a step did not succeed, with the place in the user's file.
struct SqlFailure {
  SqlError error;
  std::string file;
  int line = 0, column = 0;
  std::string source_line;
  std::string statement;  // its kind, as StatementKind::name
};

struct Applied {};
struct Failed {
  SqlFailure failure;
};
// The table lock could not be had before the deadline; nothing was changed.
struct Deferred {
  SqlFailure failure;             // of the last attempt
  std::vector<Blocker> blockers;  // who was in the way last
};
// Stopped on request; nothing of this step was changed (of a non-transactional one: the statements
// before stay done).
struct Stopped {};
// A statement outside a transaction was interrupted and the catalog cannot tell whether it
// happened.
struct Unknown {
  std::string statement;
  std::string file;
  int line = 0;
};

using StepResult = std::variant<Applied, Failed, Deferred, Stopped, Unknown>;

struct StepReport {
  std::string revision;
  Direction direction = Direction::kUp;
  StepResult result;
  double duration_seconds = 0;   // of the attempt that decided
  double lock_wait_seconds = 0;  // of all attempts
  int attempts = 1;
};

enum class RunState {
  kDone,         // everything planned was done
  kNothingToDo,  // nothing was pending
  kInvalid,      // the files or the plan have errors; nothing was started
  kFailed,
  kDeferred,
  kStopped,
  kBusy,     // the migration lock was not free in time
  kUnknown,  // a statement waits for `resolve`
};

std::string_view NameOf(RunState state);  // "nothing_to_do"

struct RunReport {
  RunState state = RunState::kNothingToDo;
  Direction direction = Direction::kUp;
  std::string run_id;                // UUID; empty when no run was begun
  std::vector<StepReport> steps;     // in the order in which they ran; the last may have failed
  std::vector<std::string> not_run;  // revisions that were planned and not reached
  std::vector<std::string> ahead;
  Diagnostics diagnostics;         // errors when kInvalid; warnings otherwise
  std::vector<std::string> heads;  // where the database stands now
  double lock_wait_seconds = 0;    // for the migration lock
  std::string busy_holder;         // a sentence about who holds the migration lock, for kBusy
  std::string backup_path;
  std::string message;  // why a hook or a backup stopped the run
};

}  // namespace lockstep
