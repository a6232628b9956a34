#include "engine/transactional_step.h"

#include <algorithm>
#include <iterator>

#include "base/fail_point.h"
#include "base/mutant.h"
#include "core/duration.h"
#include "core/script_piece.h"
#include "engine/attempt_loop.h"
#include "engine/lock_message.h"
#include "engine/step_locks.h"
#include "postgres/quoting.h"
#include "postgres/sql_batch.h"
#include "postgres/sql_state.h"

namespace lockstep {
namespace {

// What does the work: one message, or of a long script several. The body's statements are counted
// from `first_body_tag`.
struct WorkMessage {
  SqlBatch batch;  // at first what stands before the script; then what was sent last
  LockStatements locks;
  std::size_t first_body_tag = 0;
  ScriptPlace place = {};  // of the piece of the script that was sent last
};

// Some of a script's statements.
struct ScriptPiece {
  std::size_t offset = 0;  // bytes
  std::size_t length = 0;
  std::size_t statements = 0;
};

// REQUIRES: `prepared` was cut without faults.
std::vector<ScriptPiece> PiecesOf(const PreparedStep& prepared) {
  std::vector<ScriptPiece> pieces(1);
  for (const Statement& statement : prepared.statements) {
    ScriptPiece& last = pieces.back();
    ++last.statements;
    last.length = statement.offset + statement.length - last.offset;
    if (last.length >= kScriptPieceBytes) pieces.push_back({.offset = last.offset + last.length});
  }
  if (pieces.back().statements == 0 && pieces.size() > 1) pieces.pop_back();
  pieces.back().length = prepared.text.size() - pieces.back().offset;
  return pieces;
}

void Append(Reply& all, Reply some) {
  std::ranges::move(some.tags, std::back_inserter(all.tags));
  all.error = std::move(some.error);
}

// The message did not come to the commit at its head.
struct CommitNotReached {};

class TransactionalStep {
 public:
  TransactionalStep(const StepContext& context, const PreparedStep& prepared,
                    const std::string& attempt, const StepCommits& commits)
      : context_(context),
        prepared_(prepared),
        commits_(commits),
        change_(ChangeFor(context, prepared.step, attempt)),
        limits_(Overridden(context.settings.table_locks, prepared.step.script.limits)) {
    report_.revision = prepared.step.revision;
    report_.direction = prepared.step.direction;
  }

  StepReport Run() {
    LockAcquisition locks(context_, prepared_.step, limits_);
    report_.result = RunAttempts(
        context_, prepared_.step, locks,
        [this] { return FindLockNeeds(context_, prepared_, limits_, prepared_.statements); },
        [&](const Knock& knock) { return Attempt(locks, knock); });
    report_.attempts = std::max(1, locks.attempts());
    report_.lock_wait_seconds = locks.wait_seconds();
    return report_;
  }

 private:
  AttemptResult Attempt(const LockAcquisition& locks, const Knock& knock) {
    change_.attempts = locks.attempts();
    change_.lock_wait_seconds = locks.wait_seconds();
    const SteadyTime began = context_.clock.Now();
    AttemptResult result = Work(locks.needs(), knock);
    report_.duration_seconds = ToSeconds(context_.clock.Now() - began);
    return result;
  }

  AttemptResult Work(const LockNeeds& needs, const Knock& knock) {
    WorkMessage message = MakeWorkMessage(needs, knock);
    const SteadyTime began = context_.clock.Now();
    // A commit that waits for a standby must not be cancelled: it would be there without the
    // standby. What travels with one is over soon without being watched.
    const bool carries = commits_.carried.waits();
    if (carries) {
      FailPoint("commit_sent");
    } else {
      context_.watcher.Begin(WatchOrderFor(context_, needs, knock, limits_));
    }
    FailPoint("work_sent");
    const Reply reply = Send(message);
    AttemptResult result;
    if (carries) {
      SettleCarried(reply);
    } else {
      result.seen = context_.watcher.End();
    }
    FailPoint("work_done");
    result.statements = StatementsBegun(reply, message);
    if (!reply.ok()) {
      // A message that could not be parsed did not even begin.
      if (!reply.tags.empty()) context_.session.Send("rollback");
      ThrowIfFenced(*reply.error);
      result.failure = FailureOf(reply, message);
      result.table_gone = TableIsGone(message.locks, reply);
      result.limit = LimitHitBy(needs, limits_, message.locks.Contain(reply.tags.size()),
                                context_.clock.Now() - began);
      return result;
    }
    result.failure = EndWork();
    if (context_.stop.now.stop_requested()) result.seen.cancelled_on_request = true;
    return result;
  }

  std::size_t StatementsBegun(const Reply& reply, const WorkMessage& message) const {
    if (reply.tags.size() < message.first_body_tag) return 0;
    return std::min(prepared_.statements.size(), reply.tags.size() - message.first_body_tag + 1);
  }

  // Asked to stop after the work was done and before it was committed.
  std::optional<SqlFailure> RollBackUnasked() {
    context_.session.Send("rollback");
    SqlError error;
    error.sqlstate = sql_state::kQueryCancelled;
    error.message = "stopped on request";
    return SqlFailure{.error = error, .file = prepared_.step.script.file};
  }

  std::optional<SqlFailure> EndWork() {
    if (context_.stop.now.stop_requested()) return RollBackUnasked();
    if (!commits_.leave) return CommitWork();
    commits_.carried.Wait();
    return {};
  }

  std::optional<SqlFailure> CommitWork() {
    FailPoint("commit_sent");
    const CommitReply reply = Commit(context_.session);
    FailPoint("commit_acked");
    if (reply.outcome == CommitOutcome::kCommitted) return {};
    return FailureOfCommit(prepared_, reply);
  }

  // The server reads a whole message before it begins: what it cannot read keeps the commit at its
  // head from happening, too.
  void SettleCarried(const Reply& reply) {
    FailPoint("commit_acked");
    if (!reply.tags.empty() && reply.tags.front() == "COMMIT") return commits_.on_carried();
    context_.session.Send("rollback");
    throw CommitNotReached{};
  }

  // Up to the first that fails.
  Reply Send(WorkMessage& message) const {
    const std::vector<ScriptPiece> pieces = PiecesOf(prepared_);
    Reply all;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      const ScriptPiece& piece = pieces[i];
      const auto text = std::string_view(prepared_.text).substr(piece.offset, piece.length);
      if (i > 0) message.batch = SqlBatch();
      SqlBatch& batch = message.batch;
      message.place = {.in_message = batch.AddScript(text, piece.statements),
                       .in_script = piece.offset};
      if (i + 1 == pieces.size()) AddEnd(batch);
      Append(all, i == 0 ? commits_.carried.SendWith(context_.session, batch)
                         : context_.session.Send(batch.text()));
      if (!all.ok() || context_.stop.now.stop_requested()) break;
    }
    message.place.message = message.batch.text();
    return all;
  }

  void AddEnd(SqlBatch& batch) const {
    const BookkeepingNames& names = context_.settings.names;
    if (Mutant("separate-history")) {
      batch.Add({"commit", "begin", EnterSql(names, context_.identity, change_)});
    }
    batch.Add(LeaveSql(names, context_.identity, change_, context_.key, RoleAtEnd(context_)));
    if (context_.sync_alembic) batch.Add(AlembicSql(names, prepared_.step.heads_after));
  }

  // All that stands before the script.
  WorkMessage MakeWorkMessage(const LockNeeds& needs, const Knock& knock) const {
    const RunSettings& settings = context_.settings;
    WorkMessage message;
    SqlBatch& batch = message.batch;
    commits_.carried.AddTo(batch);
    batch.Add("begin isolation level read committed read write");
    // The body before this one may have left settings behind.
    batch.Add(context_.OwnSettings());
    batch.Add("set local application_name = " + QuoteLiteral(ApplicationName(prepared_.step)));
    batch.Add("set local lock_timeout = '" + ToPostgres(limits_.lock_timeout) + "'");
    AddHurry(batch, knock);
    if (!Mutant("separate-history")) {
      batch.Add(EnterSql(settings.names, context_.identity, change_));
    }
    batch.Add(BodySettings(context_, true));
    message.locks = AddTableLocks(batch, knock, needs, limits_);
    message.first_body_tag = batch.statements();
    return message;
  }

  SqlFailure FailureOf(const Reply& reply, const WorkMessage& message) const {
    const std::size_t done = reply.tags.size();
    const std::size_t statement = done < message.first_body_tag ? 0 : done - message.first_body_tag;
    return FailureAt(prepared_, *reply.error, statement, message.place);
  }

  const StepContext& context_;
  const PreparedStep& prepared_;
  const StepCommits& commits_;
  HistoryChange change_;
  TableLockLimits limits_;
  StepReport report_;
};

}  // namespace

std::optional<StepReport> RunTransactionalStep(const StepContext& context,
                                               const PreparedStep& prepared,
                                               const std::string& attempt,
                                               const StepCommits& commits) {
  try {
    return TransactionalStep(context, prepared, attempt, commits).Run();
  } catch (const CommitNotReached&) {
    return {};
  }
}

SqlFailure FailureOfCommit(const PreparedStep& prepared, const CommitReply& reply) {
  SqlFailure failure{.error = reply.error.value_or(SqlError{}), .file = prepared.step.script.file};
  if (failure.error.message.empty()) {
    failure.error.message = "the transaction was rolled back at its commit";
  }
  if (failure.error.context.empty()) {
    failure.error.context = "while the transaction was committed";
  }
  failure.statement = "COMMIT";
  return failure;
}

}  // namespace lockstep
