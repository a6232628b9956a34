// A step with everything known that can be known before it runs, and what all kinds of steps share.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <variant>

#include "core/history.h"
#include "core/outcome.h"
#include "core/plan.h"
#include "core/statement_splitter.h"
#include "engine/run_watcher.h"
#include "engine/runner.h"
#include "engine/standby_guard.h"
#include "postgres/advisory_lock.h"
#include "postgres/history_table.h"
#include "postgres/lock_targets.h"

namespace lockstep {

struct PreparedStep {
  Step step;
  SharedText text;                    // as it runs: variables replaced
  std::vector<Statement> statements;  // places in `text`
};

// Checks and cuts the scripts of a plan; the down half of a migration that is to be applied is
// checked too, so that a way back exists before anything goes forward. Appends what is wrong.
std::vector<PreparedStep> Prepare(const Plan& plan, const MigrationFolder& folder,
                                  const RunSettings& settings, Diagnostics& diagnostics);

// What a step works with, borrowed from the run.
struct StepContext {
  Session& session;
  const ServerFacts& facts;
  const RunSettings& settings;
  const RunIdentity& identity;
  LockKey key;
  Clock& clock;
  RunObserver& observer;
  StopTokens stop;
  std::mt19937_64& random;
  RunWatcher& watcher;
  Lookout& lookout;
  StandbyGuard& standbys;
  std::set<std::string>& said;  // sentences that are told once a run
  bool sync_alembic = false;
  std::string backup_path;
  long long backup_bytes = 0;

  std::vector<std::string> OwnSettings() const {
    return SessionSettings(facts.version, settings.migration_lock_idle_limit);
  }

  void MessageOnce(const std::string& sentence) const {
    if (said.insert(sentence).second) observer.OnMessage(sentence);
  }
};

// The history row that this step will write.
HistoryChange ChangeFor(const StepContext& context, const Step& step, const std::string& attempt);

// What pg_stat_activity shows while the step runs: "lockstep/upgrade/68db6a7fba94".
std::string ApplicationName(const Step& step);

// The body's search_path and role for this target, as statements: `local` for one transaction.
std::vector<std::string> BodySettings(const StepContext& context, bool local);
std::string RoleAtEnd(const StepContext& context);
// The same, for looking its names up.
BodyNames BodyNamesOf(const RunSettings& settings, const ServerFacts& facts);

// Where a script's text, or a part of it, stood in a message.
struct ScriptPlace {
  std::string_view message;
  std::size_t in_message = 0;  // byte at which it began there
  std::size_t in_script = 0;   // byte of the script that stood there
};

// The error with the place in the user's file: where PostgreSQL points, otherwise where
// `statement`, the index of the one that failed, begins.
SqlFailure FailureAt(const PreparedStep& prepared, const SqlError& error, std::size_t statement,
                     const ScriptPlace& place = {});

// Throws Error kFenced when the error says that another run has taken over.
void ThrowIfFenced(const SqlError& error);

}  // namespace lockstep
