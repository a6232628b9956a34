#include "engine/statement_step.h"

#include <algorithm>

#include "base/error.h"
#include "base/fail_point.h"
#include "base/hash.h"
#include "core/duration.h"
#include "engine/attempt_loop.h"
#include "engine/lock_message.h"
#include "engine/statement_recovery.h"
#include "engine/step_locks.h"
#include "postgres/quoting.h"
#include "postgres/sql_batch.h"
#include "postgres/sql_state.h"

namespace lockstep {
namespace {

constexpr int kMostBuilds = 3;

// It may end transactions of its own, so that a failure does not mean that nothing happened.
bool MayHaveCommitted(const StatementKind& kind) {
  return kind.name == "DO" || kind.name == "CALL" || kind.name == "UNKNOWN";
}

// These cannot stand in a transaction, or may end one of their own inside. All others are run in a
// transaction together with their progress row, so that no interruption leaves a doubt.
bool StandsAlone(const StatementKind& kind) {
  switch (kind.trait) {
    case StatementTrait::kCreateIndexConcurrently:
    case StatementTrait::kDropIndexConcurrently:
    case StatementTrait::kReindexConcurrently:
    case StatementTrait::kDetachConcurrently:
    case StatementTrait::kNeedsNoTransaction:
      return true;
    default:
      return MayHaveCommitted(kind);
  }
}

std::vector<std::string> AfterBody(const StepContext& context) {
  std::vector<std::string> statements = {"reset role"};
  for (std::string& own : context.OwnSettings()) {
    statements.push_back(std::move(own));
  }
  return statements;
}

class StatementStep {
 public:
  StatementStep(const StepContext& context, const PreparedStep& prepared,
                const std::string& attempt, const std::vector<ProgressRow>& progress)
      : context_(context),
        prepared_(prepared),
        attempt_(attempt),
        progress_(progress),
        limits_(Overridden(context.settings.table_locks, prepared.step.script.limits)),
        body_{.local = BodySettings(context, true),
              .session = BodySettings(context, false),
              .leave = AfterBody(context)} {
    report_.revision = prepared.step.revision;
    report_.direction = prepared.step.direction;
    report_.attempts = 0;
  }

  StepReport Run() {
    const SteadyTime began = context_.clock.Now();
    report_.result = RunAll();
    report_.duration_seconds = ToSeconds(context_.clock.Now() - began);
    report_.attempts = std::max(1, report_.attempts);
    return report_;
  }

 private:
  StepResult RunAll() {
    for (std::size_t i = 0; i < prepared_.statements.size(); ++i) {
      StepResult result = RunOne(i);
      if (!std::holds_alternative<Applied>(result)) return result;
    }
    return RecordInHistory();
  }

  StepResult RunOne(std::size_t i) {
    // One that was begun is finished in order; only its waits for locks end early.
    if (context_.stop.now.stop_requested()) return Stopped{};
    const ProgressRow* before = ProgressOf(i);
    if (before != nullptr && before->statement_hash != HashOf(i)) return Changed(i);
    if (before != nullptr && before->done) return Applied{};
    const Statement& statement = prepared_.statements[i];
    context_.observer.OnStatement(prepared_.step, i + 1, prepared_.statements.size(),
                                  statement.kind.name);
    if (!StandsAlone(statement.kind)) return RunInTransaction(i);
    return before == nullptr ? RunAlone(i) : Resume(i);
  }

  const ProgressRow* ProgressOf(std::size_t i) const {
    for (const ProgressRow& row : progress_) {
      if (row.ordinal == static_cast<int>(i) + 1) return &row;
    }
    return nullptr;
  }

  std::string TextOf(std::size_t i) const {
    return std::string(prepared_.statements[i].TextIn(prepared_.text));
  }
  std::string HashOf(std::size_t i) const { return Sha256(TextOf(i)); }

  ProgressRow RowFor(std::size_t i) const {
    return {.revision = prepared_.step.revision,
            .direction = std::string(NameOf(prepared_.step.direction)),
            .ordinal = static_cast<int>(i) + 1,
            .statement_hash = HashOf(i)};
  }

  // A statement that was begun or done, and whose text is another now.
  StepResult Changed(std::size_t i) const {
    SqlError error;
    error.message = "statement " + std::to_string(i + 1) +
                    " was begun in an earlier run and its text has changed since";
    error.hint = "put the text back, or settle it with \"lockstep resolve " +
                 prepared_.step.revision + " --applied\" or \"--not-applied\"";
    return Failed{FailureAt(prepared_, error, i)};
  }

  // The end of the statement was not seen: the catalog says what became of it.
  StepResult Resume(std::size_t i) {
    const StatementKind& kind = prepared_.statements[i].kind;
    switch (FindRemains(context_.session, kind, body_)) {
      case Remains::kDone:
        Require(context_.session.Send(EndSql(i, true)));
        return Applied{};
      case Remains::kNothing:
        return RunAlone(i);
      case Remains::kPending:
        return RunAlone(i, FinalizeDetachSql(kind));
      case Remains::kUnknown:
        break;
    }
    return Unknown{kind.name, prepared_.step.script.file, prepared_.statements[i].line};
  }

  std::variant<LockNeeds, Failed> NeedsAt(std::size_t i) const {
    return FindLockNeeds(context_, prepared_, limits_, {prepared_.statements[i]});
  }

  // It cannot be rolled back as a whole: only its wait for locks is cut short.
  std::variant<LockNeeds, Failed> NeedsAlone(std::size_t i) const {
    std::variant<LockNeeds, Failed> found = NeedsAt(i);
    if (auto* needs = std::get_if<LockNeeds>(&found)) needs->long_hold = true;
    return found;
  }

  StepResult RunInTransaction(std::size_t i) {
    LockAcquisition locks(context_, prepared_.step, limits_);
    StepResult result = RunAttempts(
        context_, prepared_.step, locks, [&] { return NeedsAt(i); },
        [&](const Knock& knock) { return AttemptInTransaction(i, locks.needs(), knock); });
    Count(locks);
    return result;
  }

  void Count(const LockAcquisition& locks) {
    report_.attempts = std::max(report_.attempts, locks.attempts());
    report_.lock_wait_seconds += locks.wait_seconds();
  }

  std::string BeginSql(std::size_t i) const {
    return BeginStatementSql(context_.settings.names, context_.identity, attempt_, RowFor(i));
  }
  std::string EndSql(std::size_t i, bool done) const {
    return EndStatementSql(context_.settings.names, context_.identity, RowFor(i), done);
  }

  AttemptResult AttemptInTransaction(std::size_t i, const LockNeeds& needs, const Knock& knock) {
    SqlBatch batch;
    batch.Add("begin isolation level read committed read write");
    batch.Add(context_.OwnSettings());
    batch.Add("set local application_name = " + QuoteLiteral(ApplicationName(prepared_.step)));
    batch.Add("set local lock_timeout = '" + ToPostgres(limits_.lock_timeout) + "'");
    AddHurry(batch, knock);
    batch.Add(BeginSql(i));
    batch.Add(body_.local);
    const LockStatements locks = AddTableLocks(batch, knock, needs, limits_);
    const std::size_t before = batch.statements();
    const std::size_t at = batch.AddScript(TextOf(i), 1);
    batch.Add("reset role");
    batch.Add(EndSql(i, true));
    const SteadyTime began = context_.clock.Now();
    AttemptResult result;
    const Reply reply =
        Watched(batch.text(), WatchOrderFor(context_, needs, knock, limits_), result.seen);
    result.statements = reply.tags.size() < before ? 0 : 1;
    if (!reply.ok()) {
      if (!reply.tags.empty()) context_.session.Send("rollback");
      ThrowIfFenced(*reply.error);
      result.failure = StatementFailure(i, *reply.error, batch.text(), at);
      result.table_gone = TableIsGone(locks, reply);
      result.limit = LimitHitBy(needs, limits_, locks.Contain(reply.tags.size()),
                                context_.clock.Now() - began);
      return result;
    }
    const CommitReply commit = Commit(context_.session);
    FailPoint("progress_written");
    if (commit.outcome != CommitOutcome::kCommitted) {
      result.failure = FailureAt(prepared_, commit.error.value_or(SqlError{}), i);
    }
    return result;
  }

  Reply Watched(const std::string& sql, WatchOrder order, Sighting& seen) {
    context_.watcher.Begin(std::move(order));
    FailPoint("statement_sent");
    Reply reply = context_.session.Send(sql);
    seen = context_.watcher.End();
    FailPoint("statement_done");
    return reply;
  }

  // Positions are characters of the message; the statement's text stands at `at` in it and at its
  // offset in the file.
  SqlFailure StatementFailure(std::size_t i, const SqlError& error, std::string_view message,
                              std::size_t at) const {
    return FailureAt(
        prepared_, error, i,
        {.message = message, .in_message = at, .in_script = prepared_.statements[i].offset});
  }

  // Tried again a few times only: what is built concurrently is expensive.
  StepResult RunAlone(std::size_t i, std::string sql = {}) {
    if (sql.empty()) sql = TextOf(i);
    LockAcquisition locks(context_, prepared_.step, limits_);
    StepResult result = RunAttempts(
        context_, prepared_.step, locks, [&] { return NeedsAlone(i); },
        [&](const Knock& knock) { return AttemptAlone(i, sql, locks.needs(), knock); },
        MayHaveCommitted(prepared_.statements[i].kind) ? 1 : kMostBuilds);
    Count(locks);
    return result;
  }

  // A clean-up first, in case an earlier attempt left an INVALID index; then the statement, alone
  // in its message; then its end in the progress table. After a stop the row stays: the next run
  // cleans up.
  AttemptResult AttemptAlone(std::size_t i, const std::string& sql, const LockNeeds& needs,
                             const Knock& knock) {
    const StatementKind& kind = prepared_.statements[i].kind;
    AttemptResult result;
    if (const auto refused = DropInvalidIndexes(context_.session, kind, body_)) {
      result.failure = FailureAt(prepared_, *refused, i);
      return result;
    }
    Require(context_.session.Send(BeforeAlone(i, needs, knock)));
    FailPoint("progress_written");
    WatchOrder order = WatchOrderFor(context_, needs, knock, limits_);
    order.kind = WatchedKind::kStatement;
    const Reply reply = Watched(sql, std::move(order), result.seen);
    result.statements = 1;
    Require(context_.session.Send(OneMessage(body_.leave)));
    std::optional<SqlError> error = reply.error;
    if (!error && !Verified(kind)) error = InvalidAfterBuild();
    FailPoint("statement_verified");
    if (error) result.failure = StatementFailure(i, *error, sql, 0);
    if (error && context_.stop.now.stop_requested()) return result;
    if (error) DropInvalidIndexes(context_.session, kind, body_);
    Require(context_.session.Send(EndSql(i, !error)));
    return result;
  }

  bool Verified(const StatementKind& kind) {
    return kind.trait != StatementTrait::kCreateIndexConcurrently ||
           IndexIsValid(context_.session, kind, body_);
  }

  static SqlError InvalidAfterBuild() {
    SqlError error;
    error.sqlstate = sql_state::kLockNotAvailable;
    error.message = "the index was built and is INVALID";
    return error;
  }

  std::string BeforeAlone(std::size_t i, const LockNeeds& needs, const Knock& knock) const {
    const bool weak = prepared_.statements[i].kind.lock_class == LockClass::kLongWeak;
    // Data work that ends its own transactions waits for rows, like data work elsewhere.
    const Duration lock_timeout = needs.targets.empty() ? limits_.lock_timeout : knock.lock_timeout;
    SqlBatch batch;
    batch.Add(BeginSql(i));
    batch.Add(context_.OwnSettings());
    batch.Add("set application_name = " + QuoteLiteral(ApplicationName(prepared_.step)));
    // A build that waits is no harm to anyone, and one that is cut off leaves an INVALID index.
    if (!weak) batch.Add("set lock_timeout = '" + ToPostgres(lock_timeout) + "'");
    batch.Add("set statement_timeout = '" + ToPostgres(limits_.statement_timeout) + "'");
    batch.Add(body_.session);
    return batch.text();
  }

  static void Require(const Reply& reply) {
    if (!reply.ok()) ThrowIfFenced(*reply.error);
    RequireSuccess(reply);
  }

  StepResult RecordInHistory() {
    HistoryChange change = ChangeFor(context_, prepared_.step, attempt_);
    change.attempts = std::max(1, report_.attempts);
    change.lock_wait_seconds = report_.lock_wait_seconds;
    SqlBatch batch;
    batch.Add("begin isolation level read committed read write");
    batch.Add(EnterSql(context_.settings.names, context_.identity, change));
    batch.Add(LeaveSql(context_.settings.names, context_.identity, change, context_.key,
                       context_.facts.role));
    if (context_.sync_alembic) {
      batch.Add(AlembicSql(context_.settings.names, prepared_.step.heads_after));
    }
    FailPoint("work_sent");
    Require(context_.session.Send(batch.text()));
    FailPoint("commit_sent");
    const CommitReply commit = Commit(context_.session);
    FailPoint("commit_acked");
    if (commit.outcome == CommitOutcome::kCommitted) return Applied{};
    return Failed{FailureAt(prepared_, commit.error.value_or(SqlError{}), 0)};
  }

  const StepContext& context_;
  const PreparedStep& prepared_;
  const std::string& attempt_;
  const std::vector<ProgressRow>& progress_;
  TableLockLimits limits_;
  BodyEnvironment body_;
  StepReport report_;
};

}  // namespace

StepReport RunStatementStep(const StepContext& context, const PreparedStep& prepared,
                            const std::string& attempt, const std::vector<ProgressRow>& progress) {
  return StatementStep(context, prepared, attempt, progress).Run();
}

}  // namespace lockstep
