#include "postgres/history_table.h"

#include <unistd.h>

#include <array>
#include <cmath>

#include "base/error.h"
#include "base/json.h"
#include "base/mutant.h"
#include "base/text.h"
#include "base/uuid.h"
#include "base/version.h"
#include "postgres/quoting.h"
#include "postgres/sql_batch.h"
#include "postgres/sql_state.h"
#include "postgres/strangers.h"

namespace lockstep {
namespace {

std::string Function(const BookkeepingNames& names, std::string_view name) {
  return names.Table(name);
}

// The beginning of time for what no clock here can say, infinity among it.
WallTime TimeOf(double epoch_seconds) {
  constexpr double kLatest = 9e9;  // in 2255; nanoseconds end seven years later
  if (!(std::abs(epoch_seconds) < kLatest)) return {};
  return WallTime(
      std::chrono::duration_cast<WallTime::duration>(std::chrono::duration<double>(epoch_seconds)));
}

// Revisions hold no comma (ParseMigrationFile refuses it), so a list of them is joined by one.
std::string HistorySql(const BookkeepingNames& names) {
  return "select distinct on (revision) revision, present, kind,"
         " pg_catalog.array_to_string(parents, ','), description, up_checksum, down_checksum,"
         " down_script is not null, irreversible, sequence, change,"
         " extract(epoch from recorded_at), duration_seconds, lock_wait_seconds, attempts, attempt,"
         " host, pid, client_version, recorded_by, backup_path"
         " from " +
         names.Table("history") + " order by revision, change desc;";
}

HistoryEntry EntryOf(const Rows& rows, std::size_t r) {
  HistoryEntry entry;
  entry.revision = rows.Text(r, 0);
  entry.present = rows.Bool(r, 1);
  entry.kind = rows.Text(r, 2);
  entry.parents = SplitTrimmed(rows.Text(r, 3), ',');
  entry.description = rows.Text(r, 4);
  entry.up_checksum = rows.Text(r, 5);
  entry.down_checksum = rows.Text(r, 6);
  entry.has_down = rows.Bool(r, 7);
  entry.irreversible = rows.Text(r, 8);
  entry.sequence = rows.Int(r, 9);
  entry.change = static_cast<int>(rows.Int(r, 10));
  entry.recorded_at = TimeOf(rows.Real(r, 11));
  entry.duration_seconds = rows.Real(r, 12);
  entry.lock_wait_seconds = rows.Real(r, 13);
  entry.attempts = static_cast<int>(rows.Int(r, 14));
  entry.attempt = rows.Text(r, 15);
  entry.host = rows.Text(r, 16);
  entry.pid = static_cast<int>(rows.Int(r, 17));
  entry.client_version = rows.Text(r, 18);
  entry.recorded_by = rows.Text(r, 19);
  entry.backup_path = rows.Text(r, 20);
  return entry;
}

std::string FailuresSql(const BookkeepingNames& names) {
  return "select distinct on (a.revision) a.revision, a.direction, a.outcome,"
         " extract(epoch from a.finished_at), a.duration_seconds, a.lock_wait_seconds, a.attempts,"
         " a.sqlstate, a.message, a.detail, a.hint, a.file, a.line, a.\"column\", a.host, a.pid,"
         " a.client_version, a.blockers::pg_catalog.text"
         " from " +
         names.Table("attempts") +
         " a where a.outcome operator(pg_catalog.<>) 'lost' and not exists (select from " +
         names.Table("history") +
         " h where h.revision operator(pg_catalog.=) a.revision"
         " and h.recorded_at operator(pg_catalog.>) a.finished_at)"
         " order by a.revision, a.sequence desc;";
}

FailedAttempt FailureOf(const Rows& rows, std::size_t r) {
  FailedAttempt failed;
  failed.revision = rows.Text(r, 0);
  failed.direction = rows.Text(r, 1);
  failed.outcome = rows.Text(r, 2);
  failed.finished_at = TimeOf(rows.Real(r, 3));
  failed.duration_seconds = rows.Real(r, 4);
  failed.lock_wait_seconds = rows.Real(r, 5);
  failed.attempts = static_cast<int>(rows.Int(r, 6));
  failed.sqlstate = rows.Text(r, 7);
  failed.message = rows.Text(r, 8);
  failed.detail = rows.Text(r, 9);
  failed.hint = rows.Text(r, 10);
  failed.file = rows.Text(r, 11);
  failed.line = static_cast<int>(rows.Int(r, 12));
  failed.column = static_cast<int>(rows.Int(r, 13));
  failed.host = rows.Text(r, 14);
  failed.pid = static_cast<int>(rows.Int(r, 15));
  failed.client_version = rows.Text(r, 16);
  failed.blockers = rows.Text(r, 17);
  return failed;
}

// Rows of the change that is under way: those above the revision's newest finished change.
std::string ProgressSql(const BookkeepingNames& names) {
  return "select p.revision, p.direction, p.ordinal, p.statement_hash, p.done, p.tries from " +
         names.Table("progress") +
         " p where p.change operator(pg_catalog.>) coalesce((select pg_catalog.max(h.change) "
         "from " +
         names.Table("history") +
         " h where h.revision operator(pg_catalog.=) p.revision), 0)"
         " order by p.revision, p.ordinal;";
}

ProgressRow ProgressOf(const Rows& rows, std::size_t r) {
  return {.revision = rows.Text(r, 0),
          .direction = rows.Text(r, 1),
          .ordinal = static_cast<int>(rows.Int(r, 2)),
          .statement_hash = rows.Text(r, 3),
          .done = rows.Bool(r, 4),
          .tries = static_cast<int>(rows.Int(r, 5))};
}

template <typename Value, typename Make>
std::vector<Value> Each(const Rows& rows, Make make) {
  std::vector<Value> values;
  values.reserve(rows.size());
  for (std::size_t r = 0; r < rows.size(); ++r) values.push_back(make(rows, r));
  return values;
}

std::string HostName() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  return name.data();
}

std::string EntryJson(const RunIdentity& run, const HistoryChange& change) {
  json::object entry{{"revision", change.revision},
                     {"present", change.present},
                     {"kind", change.kind},
                     {"parents", ToJson(change.parents)},
                     {"description", change.description},
                     {"up_checksum", change.up_checksum},
                     {"down_checksum", change.down_checksum},
                     {"irreversible", change.irreversible},
                     {"attempt", change.attempt},
                     {"run_id", run.run_id},
                     {"epoch", run.epoch},
                     {"lock_wait_seconds", change.lock_wait_seconds},
                     {"attempts", change.attempts},
                     {"host", run.host},
                     {"pid", run.pid},
                     {"client_version", run.client_version},
                     {"backup_path", change.backup_path},
                     {"backup_bytes", change.backup_bytes}};
  if (!change.down_script.empty()) entry["down_script"] = change.down_script;
  if (change.duration_seconds) entry["duration_seconds"] = *change.duration_seconds;
  return json::serialize(entry);
}

// Those that believe in their lock, and in nothing else.
bool IsUnfencedMutant() {
  return Mutant("separate-lock-connection") || Mutant("lease-without-fence") ||
         Mutant("blind-retry");
}

std::string FenceArguments(const RunIdentity& run) {
  return QuoteLiteral(run.run_id) + ", " + std::to_string(run.epoch);
}

// Of each table what its changes cannot leave as it is. The newest rows are found by an index; rows
// of `progress` are changed and deleted, but they are few.
std::string HistoryMarkSql(const BookkeepingNames& names) {
  const auto newest = [&names](std::string_view table) {
    return "(select pg_catalog.concat(sequence, ' ', attempt) from " + names.Table(table) +
           " order by sequence desc limit 1)";
  };
  return "pg_catalog.concat_ws('/', 'installed', (select pg_catalog.max(version) from " +
         names.Table("format") + "), 'history', " + newest("history") + ", 'attempts', " +
         newest("attempts") +
         ", 'progress', (select pg_catalog.concat_ws(' ', pg_catalog.count(*),"
         " pg_catalog.sum(tries), pg_catalog.max(started_at), pg_catalog.max(finished_at)) from " +
         names.Table("progress") + "))";
}

std::string AlembicMarkSql(const BookkeepingNames& names) {
  return "pg_catalog.concat('alembic ', (select pg_catalog.string_agg(version_num, ',' order by"
         " version_num) from " +
         QuoteTable(names.alembic_table) + "))";
}

// ts_stat is the one function of every PostgreSQL that runs a query given as text: so tables that
// may not be there are asked without a round trip that finds out. It returns the one word of a
// tsvector, which is a hash since a word has a limit. Texts: history, alembic, what to ask of each.
// With a stranger behind the tables nothing of them is read: the look that follows refuses them.
std::string MarkSql() {
  return "with there as materialized (select pg_catalog.to_regclass($1)::pg_catalog.oid as "
         "history, case when not " +
         std::string(PlainlyOursSql()) + " then " + std::string(StrangerSql()) +
         " end as stranger,"
         " a.attnum as alembic,"
         " pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'select') as readable"
         " from (values (pg_catalog.to_regclass($2)::pg_catalog.oid)) t (oid)"
         " left join pg_catalog.pg_attribute a on a.attrelid operator(pg_catalog.=) t.oid"
         " and a.attname operator(pg_catalog.=) 'version_num')"
         " select mark.word from there, pg_catalog.ts_stat(pg_catalog.concat("
         "'select pg_catalog.array_to_tsvector(array[pg_catalog.encode(pg_catalog.sha256("
         "pg_catalog.convert_to(pg_catalog.concat_ws(''/'', ',"
         " pg_catalog.quote_literal(pg_catalog.concat_ws(' ', 'tables', there.history, "
         "there.alembic,"
         " there.stranger)),"
         " case when there.stranger is null and there.history is not null then "
         "pg_catalog.concat(', ', $4::pg_catalog.text) end,"
         " case when there.stranger is null and there.readable then pg_catalog.concat(', ', "
         "$5::pg_catalog.text) end,"
         " '), ''UTF8'')), ''hex'')])')) mark";
}

}  // namespace

Look ReadLook(Session& session, const BookkeepingNames& names) {
  const Rows there = session.Query(
      "select pg_catalog.to_regclass($1)::pg_catalog.oid, a.attnum is not null,"
      " pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'select'), " +
          MissingTablesSql(names) + ", " + std::string(PlainlyOursSql()) +
          " from (values (pg_catalog.to_regclass($2)::pg_catalog.oid)) t (oid)"
          " left join pg_catalog.pg_attribute a on a.attrelid operator(pg_catalog.=) t.oid"
          " and a.attname operator(pg_catalog.=) 'version_num'",
      {names.Table("history"), QuoteTable(names.alembic_table), names.schema});
  RequireAllTables(there.Text(0, 3), names);
  if (!there.Bool(0, 4)) RequireNoStranger(session, names);
  Look look;
  const bool installed = there.At(0, 0).has_value();
  const bool alembic = there.Bool(0, 2);
  look.bookkeeping.alembic_table_exists = there.Bool(0, 1);
  std::string sql;
  if (installed) {
    look.bookkeeping.history_oid = static_cast<unsigned>(there.Int(0, 0));
    sql =
        "select coalesce(pg_catalog.max(version), 0),"
        " coalesce((select changes from " +
        names.Table("fence") + "), 0), (select pg_catalog.count(*) from " + names.Table("history") +
        ") from " + names.Table("format") + ';' + HistorySql(names) + FailuresSql(names) +
        ProgressSql(names);
  }
  if (alembic) sql += "select version_num from " + QuoteTable(names.alembic_table) + " order by 1;";
  if (sql.empty()) return look;

  const Reply reply = session.Send(sql, Keep::kRows);
  RequireSuccess(reply);
  if (installed) {
    const Rows& state = reply.RowsOf(0);
    look.bookkeeping.format = static_cast<int>(state.Int(0, 0));
    RequireKnownFormat(look.bookkeeping.format, names);
    RequireWholeHistory(state.Int(0, 2), state.Int(0, 1), names);
    look.history = History(Each<HistoryEntry>(reply.RowsOf(1), EntryOf),
                           Each<FailedAttempt>(reply.RowsOf(2), FailureOf),
                           Each<ProgressRow>(reply.RowsOf(3), ProgressOf));
  }
  if (alembic) {
    look.alembic =
        Each<std::string>(reply.RowsOf(installed ? 4 : 0),
                          [](const Rows& rows, std::size_t r) { return rows.Text(r, 0); });
  }
  return look;
}

std::string ReadHistoryMark(Session& session, const BookkeepingNames& names) {
  const Rows rows =
      session.Query(MarkSql(), {names.Table("history"), QuoteTable(names.alembic_table),
                                names.schema, HistoryMarkSql(names), AlembicMarkSql(names)});
  return rows.Text(0, 0);
}

bool IsApplied(Session& session, const BookkeepingNames& names, const std::string& revision) {
  const Rows rows = session.Query("select present from " + names.Table("history") +
                                      " where revision operator(pg_catalog.=) $1"
                                      " order by change desc limit 1",
                                  {revision});
  return !rows.empty() && rows.Bool(0, 0);
}

std::string ReadStoredDown(Session& session, const BookkeepingNames& names,
                           const std::string& revision) {
  const Rows rows = session.Query("select down_script from " + names.Table("history") +
                                      " where revision operator(pg_catalog.=) $1"
                                      " order by change desc limit 1",
                                  {revision});
  return rows.empty() ? "" : rows.Text(0, 0);
}

RunIdentity BumpFence(Session& session, const BookkeepingNames& names) {
  RunIdentity run;
  run.run_id = NewUuid();
  run.host = HostName();
  run.pid = getpid();
  run.client_version = Version();
  run.epoch =
      session.Query("select " + Function(names, "take_epoch") + "($1)", {run.run_id}).Int(0, 0);
  return run;
}

std::string EnterSql(const BookkeepingNames& names, const RunIdentity& run,
                     const HistoryChange& change) {
  if (IsUnfencedMutant()) {
    return "update " + names.Table("fence") + " set attempt = " + QuoteLiteral(change.attempt);
  }
  return "select " + Function(names, "enter") + '(' + FenceArguments(run) + ", " +
         QuoteLiteral(change.attempt) + ", " + QuoteLiteral(change.revision) + ", " +
         (change.present ? "false" : "true") + ", " + QuoteArray(change.parents) + ')';
}

std::vector<std::string> LeaveSql(const BookkeepingNames& names, const RunIdentity& run,
                                  const HistoryChange& change, const LockKey& key,
                                  const std::string& role) {
  if (IsUnfencedMutant()) {
    return {"select " + Function(names, "write_entry") + '(' +
            QuoteLiteral(EntryJson(run, change)) + ')'};
  }
  return {
      "select pg_catalog.set_config('lockstep.role_at_end', "
      "pg_catalog.current_setting('role'), true)",
      "reset role",
      // What the body set for itself must not cut off what follows.
      "set local statement_timeout = 0", "set local lock_timeout = 0",
      "select " + Function(names, "leave") + '(' + QuoteLiteral(EntryJson(run, change)) + ", " +
          std::to_string(key.space) + ", " + std::to_string(key.signed_id()) + ", " +
          QuoteLiteral(role) + ')'};
}

std::vector<std::string> AlembicSql(const BookkeepingNames& names,
                                    const std::vector<std::string>& heads) {
  const std::string table = QuoteTable(names.alembic_table);
  const std::string wanted = QuoteArray(heads);
  return {
      "delete from " + table + " where version_num operator(pg_catalog.<>) all (" + wanted + ')',
      "insert into " + table + " (version_num) select h from pg_catalog.unnest(" + wanted +
          ") h where not exists (select from " + table +
          " where version_num operator(pg_catalog.=) h)"};
}

void CreateAlembicTable(Session& session, const BookkeepingNames& names) {
  session.Query("create table if not exists " + QuoteTable(names.alembic_table) +
                " (version_num character varying(32) not null,"
                " constraint alembic_version_pkc primary key (version_num))");
}

void RecordChanges(Session& session, const BookkeepingNames& names, const RunIdentity& run,
                   const std::vector<HistoryChange>& changes,
                   const std::optional<std::vector<std::string>>& alembic_heads) {
  SqlBatch batch;
  batch.Add("begin isolation level read committed read write");
  batch.Add("select " + Function(names, "pass_fence") + '(' + FenceArguments(run) + ')');
  for (const HistoryChange& change : changes) {
    batch.Add("select " + Function(names, "write_entry") + '(' +
              QuoteLiteral(EntryJson(run, change)) + ')');
  }
  if (alembic_heads) batch.Add(AlembicSql(names, *alembic_heads));
  RequireSuccess(session.Send(batch.text()));
  const CommitReply reply = Commit(session);
  if (reply.outcome == CommitOutcome::kCommitted) return;
  throw Error(ErrorCode::kSql, "the history was not changed: the transaction was rolled back");
}

void RecordFailedAttempt(Session& session, const BookkeepingNames& names, const RunIdentity& run,
                         const std::string& attempt, const FailedAttempt& failure) {
  session.Query(
      "insert into " + names.Table("attempts") +
          " (attempt, run_id, epoch, revision, direction, outcome, duration_seconds,"
          " lock_wait_seconds, attempts, sqlstate, message, detail, hint, file, line, \"column\","
          " host, pid, client_version, blockers)"
          " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, "
          "$18,"
          " $19, $20)",
      {attempt,
       run.run_id,
       std::to_string(run.epoch),
       failure.revision,
       failure.direction,
       failure.outcome,
       std::to_string(failure.duration_seconds),
       std::to_string(failure.lock_wait_seconds),
       std::to_string(failure.attempts),
       failure.sqlstate,
       failure.message,
       failure.detail,
       failure.hint,
       failure.file,
       std::to_string(failure.line),
       std::to_string(failure.column),
       run.host,
       std::to_string(run.pid),
       run.client_version,
       failure.blockers.empty() ? "[]" : failure.blockers});
}

std::string BeginStatementSql(const BookkeepingNames& names, const RunIdentity& run,
                              const std::string& attempt, const ProgressRow& row) {
  return "select " + Function(names, "begin_statement") + '(' + FenceArguments(run) + ", " +
         QuoteLiteral(attempt) + ", " + QuoteLiteral(row.revision) + ", " +
         QuoteLiteral(row.direction) + ", " + std::to_string(row.ordinal) + ", " +
         QuoteLiteral(row.statement_hash) + ')';
}

std::string EndStatementSql(const BookkeepingNames& names, const RunIdentity& run,
                            const ProgressRow& row, bool done) {
  return "select " + Function(names, "end_statement") + '(' + FenceArguments(run) + ", " +
         QuoteLiteral(row.revision) + ", " + std::to_string(row.ordinal) + ", " +
         (done ? "true" : "false") + ')';
}

}  // namespace lockstep
