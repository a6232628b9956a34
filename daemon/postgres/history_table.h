// Reads and writes the bookkeeping's rows.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/history.h"
#include "postgres/advisory_lock.h"
#include "postgres/bookkeeping.h"
#include "postgres/session.h"

namespace lockstep {

// What `alembic_version` says; nothing when there is no such table.
using AlembicHeads = std::optional<std::vector<std::string>>;

// Everything that a plan is made from, in two round trips at most.
struct Look {
  BookkeepingState bookkeeping;
  History history;
  AlembicHeads alembic;
};
Look ReadLook(Session& session, const BookkeepingNames& names);

// Changes whenever ReadLook would tell something else, and says nothing by itself: a cheap
// question, one round trip, for whoever looks again and again. Nothing has to be installed. Throws
// as ReadLook does.
std::string ReadHistoryMark(Session& session, const BookkeepingNames& names);

// Whether `revision` is applied now: of all that a look tells the least. REQUIRES: a look found the
// tables, and no stranger behind them.
bool IsApplied(Session& session, const BookkeepingNames& names, const std::string& revision);

// The whole down script that was stored when `revision` was applied; "" when none was.
std::string ReadStoredDown(Session& session, const BookkeepingNames& names,
                           const std::string& revision);

// Of a run: who does it, under which epoch.
struct RunIdentity {
  std::string run_id;  // UUID
  long long epoch = 0;
  std::string host;
  int pid = 0;
  std::string client_version;
};

// Takes the next epoch; from now on every transaction of an earlier run is fenced off.
// REQUIRES: the migration lock is held.
RunIdentity BumpFence(Session& session, const BookkeepingNames& names);

// One row of the history, to be written by lockstep.leave().
struct HistoryChange {
  std::string revision;
  bool present = true;
  std::string kind;
  std::vector<std::string> parents;
  std::string description;
  std::string up_checksum;
  std::string down_checksum;
  std::string down_script;
  std::string irreversible;
  std::string attempt;                     // UUID, fresh
  std::optional<double> duration_seconds;  // nothing: since the transaction's start
  double lock_wait_seconds = 0;
  int attempts = 1;
  std::string backup_path;
  long long backup_bytes = 0;
};

// Statements that start and end a migration's transaction around its body; see
// postgres/bookkeeping. `role`: what current_setting('role') has to say when the body is done.
std::string EnterSql(const BookkeepingNames& names, const RunIdentity& run,
                     const HistoryChange& change);
std::vector<std::string> LeaveSql(const BookkeepingNames& names, const RunIdentity& run,
                                  const HistoryChange& change, const LockKey& key,
                                  const std::string& role);
// Make `alembic_version` name exactly `heads`; part of the migration's transaction.
std::vector<std::string> AlembicSql(const BookkeepingNames& names,
                                    const std::vector<std::string>& heads);

// Creates Alembic's table as Alembic would, when it is not there.
void CreateAlembicTable(Session& session, const BookkeepingNames& names);

// Records changes without running anything (stamp, adopt, repair, resolve), in one transaction.
void RecordChanges(Session& session, const BookkeepingNames& names, const RunIdentity& run,
                   const std::vector<HistoryChange>& changes,
                   const std::optional<std::vector<std::string>>& alembic_heads);

void RecordFailedAttempt(Session& session, const BookkeepingNames& names, const RunIdentity& run,
                         const std::string& attempt, const FailedAttempt& failure);

// Statements that record the progress of a non-transactional migration, fenced: before one of its
// statements, and after it. `done` false: it left nothing behind; its row is taken back.
std::string BeginStatementSql(const BookkeepingNames& names, const RunIdentity& run,
                              const std::string& attempt, const ProgressRow& row);
std::string EndStatementSql(const BookkeepingNames& names, const RunIdentity& run,
                            const ProgressRow& row, bool done);

}  // namespace lockstep
