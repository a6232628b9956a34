#include "engine/step_locks.h"

#include <span>

#include "core/long_work_refusal.h"

namespace lockstep {
namespace {

Failed FailedBy(const Diagnostic& diagnostic) {
  SqlError error;
  error.message = diagnostic.message;
  error.hint = diagnostic.hint;
  return Failed{SqlFailure{.error = error,
                           .file = diagnostic.file,
                           .line = diagnostic.line,
                           .column = diagnostic.column,
                           .source_line = diagnostic.source_line}};
}

using LocksInOrder = std::span<const StatementLocks>;

Diagnostics Refuse(const PreparedStep& prepared, const std::vector<Statement>& statements,
                   LocksInOrder locks, const TableLockLimits& limits) {
  std::vector<std::vector<FoundWork>> found;
  for (const StatementLocks& one : locks) found.push_back(one.long_work);
  return RefuseLongWork(prepared.step.script, statements, found, limits.small_table);
}

}  // namespace

Diagnostics RefuseLongSteps(Session& session, const BodyNames& names, const RunSettings& settings,
                            const std::vector<PreparedStep>& steps) {
  std::vector<Statement> all;
  for (const PreparedStep& step : steps) {
    all.insert(all.end(), step.statements.begin(), step.statements.end());
  }
  const std::vector<StatementLocks> locks = FindStatementLocks(session, names, all);
  LocksInOrder left(locks);
  Diagnostics refused;
  for (const PreparedStep& step : steps) {
    const auto limits = Overridden(settings.table_locks, step.step.script.limits);
    const std::size_t count = step.statements.size();
    for (Diagnostic& one : Refuse(step, step.statements, left.first(count), limits)) {
      refused.push_back(std::move(one));
    }
    left = left.subspan(count);
  }
  return refused;
}

std::variant<LockNeeds, Failed> FindLockNeeds(const StepContext& context,
                                              const PreparedStep& prepared,
                                              const TableLockLimits& limits,
                                              const std::vector<Statement>& statements) {
  const std::vector<StatementLocks> locks =
      FindStatementLocks(context.session, BodyNamesOf(context.settings, context.facts), statements);
  const Diagnostics refused = Refuse(prepared, statements, locks, limits);
  if (!refused.empty()) return FailedBy(refused.front());
  return NeedsOf(statements, locks, limits.small_table);
}

WatchOrder WatchOrderFor(const StepContext& context, const LockNeeds& needs, const Knock& knock,
                         const TableLockLimits& limits) {
  WatchOrder order{.kind = WatchedKind::kTransaction};
  if (needs.strong) order.breaker = CircuitBreaker(limits, needs.long_hold);
  if (knock.end_blockers) order.ending = context.settings.ending;
  return order;
}

}  // namespace lockstep
