#include "engine/lock_message.h"

#include <algorithm>
#include <string>

#include "core/duration.h"
#include "postgres/sql_state.h"

namespace lockstep {
namespace {

constexpr Duration kHurriedDeadlockTimeout = std::chrono::milliseconds(50);

std::string SetLocal(std::string_view setting, Duration value) {
  return "set local " + std::string(setting) + " = '" + ToPostgres(value) + "'";
}

// Neighbours with the same mode, since one statement has one limit in time for all of them.
std::string LockSql(const std::vector<LockTarget>& targets, std::size_t from, std::size_t to) {
  std::string sql = "lock table ";
  for (std::size_t i = from; i < to; ++i) {
    sql.append(i == from ? "only " : ", only ").append(targets[i].name);
  }
  return sql + " in " + std::string(NameOf(targets[from].mode)) + " mode";
}

std::size_t EndOfMode(const std::vector<LockTarget>& targets, std::size_t from) {
  std::size_t end = from + 1;
  while (end < targets.size() && targets[end].mode == targets[from].mode) ++end;
  return end;
}

std::vector<LockTarget> LockableOf(const LockNeeds& needs) {
  std::vector<LockTarget> lockable;
  for (const LockTarget& target : needs.targets) {
    if (target.lockable) lockable.push_back(target);
  }
  return lockable;
}

}  // namespace

void AddHurry(SqlBatch& batch, const Knock& knock) {
  if (knock.hurry_vacuum) batch.Add(SetLocal("deadlock_timeout", kHurriedDeadlockTimeout));
}

LockStatements AddTableLocks(SqlBatch& batch, const Knock& knock, const LockNeeds& needs,
                             const TableLockLimits& limits) {
  batch.Add(SetLocal("lock_timeout", knock.lock_timeout));
  const std::vector<LockTarget> targets =
      needs.strong ? LockableOf(needs) : std::vector<LockTarget>{};
  LockStatements statements{batch.statements(), batch.statements()};
  if (targets.empty()) {
    batch.Add(SetLocal("statement_timeout", BodyTimeout(needs, limits)));
    return statements;
  }
  batch.Add(SetLocal("statement_timeout", std::max(limits.acquire_timeout, knock.lock_timeout)));
  batch.Add(LockSql(targets, 0, 1));
  // The autovacuum may be on any of the tables, and is only made to leave by a wait that is longer
  // than the deadlock timeout.
  batch.Add(
      SetLocal("lock_timeout", knock.hurry_vacuum ? knock.lock_timeout : limits.next_lock_timeout));
  for (std::size_t from = 1; from < targets.size(); from = EndOfMode(targets, from)) {
    batch.Add(LockSql(targets, from, EndOfMode(targets, from)));
  }
  statements.end = batch.statements();
  batch.Add(SetLocal("statement_timeout", BodyTimeout(needs, limits)));
  return statements;
}

Duration BodyTimeout(const LockNeeds& needs, const TableLockLimits& limits) {
  if (!needs.strong || needs.long_hold) return limits.statement_timeout;
  if (limits.statement_timeout == Duration::zero()) return limits.max_hold;
  return std::min(limits.statement_timeout, limits.max_hold);
}

bool TableIsGone(const LockStatements& locks, const Reply& reply) {
  return reply.error && locks.Contain(reply.tags.size()) &&
         (reply.error->sqlstate == sql_state::kUndefinedTable ||
          reply.error->sqlstate == sql_state::kUndefinedSchema);
}

LimitHit LimitHitBy(const LockNeeds& needs, const TableLockLimits& limits, bool in_locks,
                    Duration took) {
  if (in_locks) return LimitHit::kAcquireTimeout;
  const bool held = needs.strong && !needs.long_hold &&
                    BodyTimeout(needs, limits) == limits.max_hold && took >= limits.max_hold;
  return held ? LimitHit::kMaxHold : LimitHit::kNone;
}

}  // namespace lockstep
