#include "postgres/bookkeeping.h"

#include <bookkeeping_files.h>

#include <string_view>

#include "base/error.h"
#include "postgres/quoting.h"
#include "postgres/sql_state.h"

namespace lockstep {
namespace {

std::string WithSchema(std::string_view text, const std::string& schema) {
  constexpr std::string_view kPlace = "${schema}";
  const std::string quoted = QuoteIdentifier(schema);
  std::string sql;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t next = std::min(text.find(kPlace, at), text.size());
    sql += text.substr(at, next - at);
    if (next < text.size()) sql += quoted;
    at = next + kPlace.size();
  }
  return sql;
}

[[noreturn]] void ThrowNotInstalled(const SqlError& error, const BookkeepingNames& names) {
  const bool permission = error.sqlstate == sql_state::kInsufficientPrivilege;
  throw Error(
      permission ? ErrorCode::kPermission : ErrorCode::kSql,
      "the bookkeeping schema \"" + names.schema + "\" could not be installed: " + error.message,
      permission ? "run \"lockstep init\" once as a role that may create schemas in this "
                   "database, with --login for the role that migrates"
                 : error.hint,
      error.sqlstate);
}

int InstalledFormat(Session& session, const BookkeepingNames& names) {
  const Rows rows =
      session.Query("select pg_catalog.to_regclass($1) is not null", {names.Table("format")});
  if (!rows.Bool(0, 0)) return 0;
  return static_cast<int>(
      session.Query("select pg_catalog.max(version) from " + names.Table("format")).Int(0, 0));
}

}  // namespace

std::string BookkeepingNames::Table(std::string_view name) const {
  return QuoteIdentifier(schema) + '.' + QuoteIdentifier(name);
}

int NewestBookkeepingFormat() { return static_cast<int>(bookkeeping_files().size()); }

void InstallBookkeeping(Session& session, const BookkeepingNames& names) {
  const int installed = InstalledFormat(session, names);
  RequireKnownFormat(installed, names);
  if (installed == NewestBookkeepingFormat()) return;
  std::string sql = "begin;\n";
  const auto& files = bookkeeping_files();
  for (std::size_t i = static_cast<std::size_t>(installed); i < files.size(); ++i) {
    sql += WithSchema(files[i].second, names.schema) + '\n';
  }
  const Reply reply = session.Send(sql);
  if (!reply.ok()) {
    session.Send("rollback");
    ThrowNotInstalled(*reply.error, names);
  }
  if (Commit(session).outcome == CommitOutcome::kRolledBack) {
    throw Error(ErrorCode::kSql, "the bookkeeping schema's transaction was rolled back");
  }
}

void RequireKnownFormat(int format, const BookkeepingNames& names) {
  if (format <= NewestBookkeepingFormat()) return;
  throw Error(ErrorCode::kNewerFormat,
              "the bookkeeping schema \"" + names.schema + "\" has format " +
                  std::to_string(format) + ", and this release knows up to " +
                  std::to_string(NewestBookkeepingFormat()),
              "use the newer release that made it");
}

std::string MissingTablesSql(const BookkeepingNames& names) {
  std::string tables;
  for (const std::string_view table : {"format", "fence", "history", "attempts", "progress"}) {
    tables += (tables.empty() ? "(" : ", (") + QuoteLiteral(table) + ", " +
              QuoteLiteral(names.Table(table)) + ')';
  }
  return "(select case when pg_catalog.count(pg_catalog.to_regclass(t.whole)) "
         "operator(pg_catalog.>) 0"
         " then pg_catalog.string_agg(t.name, ', ') filter (where pg_catalog.to_regclass(t.whole) "
         "is"
         " null) end from (values " +
         tables + ") t (name, whole))";
}

void RequireAllTables(const std::string& missing, const BookkeepingNames& names) {
  if (missing.empty()) return;
  throw Error(
      ErrorCode::kDamaged,
      "the bookkeeping schema \"" + names.schema + "\" lacks what belongs to it: " + missing,
      "bring it back from a backup; or drop the schema, and tell what is applied with "
      "\"lockstep stamp REVISION\"");
}

void RequireWholeHistory(long long rows, long long changes, const BookkeepingNames& names) {
  if (rows == changes) return;
  throw Error(ErrorCode::kDamaged,
              "somebody changed the history of migrations by hand: " + names.Table("history") +
                  " has " + std::to_string(rows) + (rows == 1 ? " row" : " rows") + ", and " +
                  std::to_string(changes) + " were written",
              "bring it back from a backup; or, if what it says now is true, run: update " +
                  names.Table("fence") + " set attempt = null, changes = " + std::to_string(rows));
}

std::string GrantsFor(const BookkeepingNames& names, const std::string& login,
                      const std::string& reader) {
  std::string sql;
  const std::string schema = QuoteIdentifier(names.schema);
  for (const std::string& role : {login, reader}) {
    if (role.empty()) continue;
    sql += "grant usage on schema " + schema + " to " + QuoteIdentifier(role) + ";\n";
    sql +=
        "grant select on all tables in schema " + schema + " to " + QuoteIdentifier(role) + ";\n";
  }
  if (login.empty()) return sql;
  const std::string to = " to " + QuoteIdentifier(login) + ";\n";
  sql += "grant update on " + names.Table("fence") + to;
  sql += "grant insert on " + names.Table("history") + ", " + names.Table("attempts") + to;
  sql += "grant insert, update, delete on " + names.Table("progress") + to;
  return sql;
}

}  // namespace lockstep
