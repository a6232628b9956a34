#include "engine/statement_step.h"

#include <algorithm>

#include "base/error.h"
#include "base/fail_point.h"
#include "base/hash.h"
#include "core/duration.h"
#include "engine/attempt_loop.h"
#include "engine/statement_recovery.h"
#include "postgres/quoting.h"
#include "postgres/sql_batch.h"
#include "postgres/sql_state.h"

namespace lockstep {
namespace {

constexpr int kMostBuilds = 3;

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
      return kind.name == "DO" || kind.name == "CALL" || kind.name == "UNKNOWN";
  }
}

std::vector<std::string> AfterBody(const StepContext& context) {
  std::vector<std::string> statements = {"reset role"};
  for (std::string& own : SessionSettings(context.facts.version)) {
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
        limits_(LimitsFor(context.settings, prepared.step.script.limits)),
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
        RecordStatementEnd(context_.session, context_.settings.names, context_.identity, RowFor(i),
                           true);
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

  StepResult RunInTransaction(std::size_t i) {
    LockAcquisition locks(limits_, context_.clock, context_.random);
    StepResult result = RunAttempts(context_, prepared_.step, locks,
                                    [&] { return AttemptInTransaction(i, locks.lock_timeout()); });
    Count(locks);
    return result;
  }

  void Count(const LockAcquisition& locks) {
    report_.attempts = std::max(report_.attempts, locks.attempts());
    report_.lock_wait_seconds += locks.wait_seconds();
  }

  std::string BeginStatementSql(std::size_t i) const {
    const ProgressRow row = RowFor(i);
    return "select " + context_.settings.names.Table("begin_statement") + '(' +
           QuoteLiteral(context_.identity.run_id) + ", " + std::to_string(context_.identity.epoch) +
           ", " + QuoteLiteral(attempt_) + ", " + QuoteLiteral(row.revision) + ", " +
           QuoteLiteral(row.direction) + ", " + std::to_string(row.ordinal) + ", " +
           QuoteLiteral(row.statement_hash) + ')';
  }

  std::string EndStatementSql(std::size_t i, bool done) const {
    const ProgressRow row = RowFor(i);
    return "select " + context_.settings.names.Table("end_statement") + '(' +
           QuoteLiteral(context_.identity.run_id) + ", " + std::to_string(context_.identity.epoch) +
           ", " + QuoteLiteral(row.revision) + ", " + std::to_string(row.ordinal) + ", " +
           (done ? "true" : "false") + ')';
  }

  std::optional<SqlFailure> AttemptInTransaction(std::size_t i, Duration lock_timeout) {
    SqlBatch batch;
    batch.Add("begin isolation level read committed read write");
    batch.Add(SessionSettings(context_.facts.version));
    batch.Add("set local application_name = " + QuoteLiteral(ApplicationName(prepared_.step)));
    batch.Add("set local lock_timeout = '" + ToPostgres(lock_timeout) + "'");
    batch.Add("set local statement_timeout = '" + ToPostgres(limits_.statement_timeout) + "'");
    batch.Add(BeginStatementSql(i));
    batch.Add(body_.local);
    const std::size_t at = batch.AddScript(TextOf(i), 1);
    batch.Add("reset role");
    batch.Add(EndStatementSql(i, true));
    const Reply reply = Watched(batch.text(), WatchedKind::kTransaction);
    if (!reply.ok()) {
      if (!reply.tags.empty()) context_.session.Send("rollback");
      ThrowIfFenced(*reply.error);
      return StatementFailure(i, *reply.error, batch.text(), at);
    }
    const CommitReply commit = Commit(context_.session);
    FailPoint("progress_written");
    if (commit.outcome == CommitOutcome::kCommitted) return {};
    return FailureAt(prepared_, commit.error.value_or(SqlError{}), i);
  }

  Reply Watched(const std::string& sql, WatchedKind kind) {
    context_.watcher.Begin(kind);
    FailPoint("statement_sent");
    Reply reply = context_.session.Send(sql);
    context_.watcher.End();
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

  StepResult RunAlone(std::size_t i, std::string sql = {}) {
    if (sql.empty()) sql = TextOf(i);
    for (int build = 1;; ++build) {
      const std::optional<SqlFailure> failure = AttemptAlone(i, sql);
      ++report_.attempts;
      if (!failure) return Applied{};
      if (context_.stop.now.stop_requested()) return Stopped{};
      if (!sql_state::IsWorthRetrying(failure->error.sqlstate)) return Failed{*failure};
      if (build == kMostBuilds) return Deferred{*failure, context_.watcher.Blockers()};
      context_.observer.OnRetry(prepared_.step, failure->error, 0);
    }
  }

  // A clean-up first, in case an earlier attempt left an INVALID index; then the statement, alone
  // in its message; then its end in the progress table. After a stop the row stays: the next run
  // cleans up.
  std::optional<SqlFailure> AttemptAlone(std::size_t i, const std::string& sql) {
    const StatementKind& kind = prepared_.statements[i].kind;
    if (const auto refused = DropInvalidIndexes(context_.session, kind, body_)) {
      return FailureAt(prepared_, *refused, i);
    }
    Require(context_.session.Send(BeforeAlone(i)));
    FailPoint("progress_written");
    const Reply reply = Watched(sql, WatchedKind::kStatement);
    Require(context_.session.Send(OneMessage(body_.leave)));
    std::optional<SqlError> error = reply.error;
    if (!error && !Verified(kind)) error = InvalidAfterBuild();
    FailPoint("statement_verified");
    if (error && context_.stop.now.stop_requested()) return Located(i, sql, *error);
    if (error) DropInvalidIndexes(context_.session, kind, body_);
    Require(context_.session.Send(EndStatementSql(i, !error)));
    if (!error) return {};
    return Located(i, sql, *error);
  }

  SqlFailure Located(std::size_t i, const std::string& sql, const SqlError& error) const {
    return StatementFailure(i, error, sql, 0);
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

  std::string BeforeAlone(std::size_t i) const {
    const bool weak = prepared_.statements[i].kind.lock_class == LockClass::kLongWeak;
    SqlBatch batch;
    batch.Add(BeginStatementSql(i));
    batch.Add(SessionSettings(context_.facts.version));
    batch.Add("set application_name = " + QuoteLiteral(ApplicationName(prepared_.step)));
    // A build that waits is no harm to anyone, and one that is cut off leaves an INVALID index.
    if (!weak) batch.Add("set lock_timeout = '" + ToPostgres(limits_.lock_timeout) + "'");
    batch.Add("set statement_timeout = '" + ToPostgres(limits_.statement_timeout) + "'");
    batch.Add(body_.session);
    return batch.text();
  }

  static void Require(const Reply& reply) {
    if (reply.ok()) return;
    ThrowIfFenced(*reply.error);
    throw Error(sql_state::CodeOf(reply.error->sqlstate), reply.error->message, reply.error->hint,
                reply.error->sqlstate);
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
