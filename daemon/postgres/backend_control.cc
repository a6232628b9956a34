#include "postgres/backend_control.h"

#include <algorithm>

#include "postgres/quoting.h"

namespace lockstep {
namespace {

constexpr std::string_view kCancelSql = "select pg_catalog.pg_cancel_backend($1::int4)";

// $1 our backend, $2 seconds, $3 users, $4 applications. The state has been the same since
// state_change; a session that began to work meanwhile is active and not met.
constexpr std::string_view kEndSql = R"(
select a.pid, a.usename, a.application_name, pg_catalog.host(a.client_addr), a.state,
       extract(epoch from clock_timestamp() - a.xact_start), a.query, $END$(a.pid)
from (select distinct pid from unnest(pg_catalog.pg_blocking_pids($1::int4)) as b (pid)) blocking
join pg_catalog.pg_stat_activity a on a.pid = blocking.pid
where a.backend_type = 'client backend' and a.datname = pg_catalog.current_database()
  and a.state in ('idle in transaction', 'idle in transaction (aborted)')
  and a.state_change < clock_timestamp() - $2::float8 * interval '1 second'
  and (a.usename = any ($3::text[]) or a.application_name = any ($4::text[])))";

// Elements in quotes, so that a name may hold anything.
std::string ArrayOf(const std::vector<std::string>& names) {
  std::string array = "{";
  for (const std::string& name : names) {
    if (array.size() > 1) array += ',';
    array += '"';
    for (const char c : name) {
      if (c == '"' || c == '\\') array += '\\';
      array += c;
    }
    array += '"';
  }
  return array + '}';
}

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Blocker EndedFrom(const Rows& rows, std::size_t row) {
  Blocker ended;
  ended.pid = static_cast<int>(rows.Int(row, 0));
  ended.user = rows.Text(row, 1);
  ended.application_name = rows.Text(row, 2);
  ended.client_address = rows.Text(row, 3);
  ended.state = rows.Text(row, 4);
  ended.transaction_age_seconds = rows.Real(row, 5);
  ended.query = rows.Text(row, 6);
  ended.kind = BlockerKind::kIdleInTransaction;
  return ended;
}

}  // namespace

bool MayBeEnded(const Blocker& blocker, const EndingRule& rule) {
  if (!rule.on || blocker.kind != BlockerKind::kIdleInTransaction) return false;
  if (!blocker.standby.empty() || blocker.queued) return false;
  return blocker.transaction_age_seconds >= ToSeconds(rule.idle_longer_than) &&
         (Contains(rule.users, blocker.user) ||
          Contains(rule.applications, blocker.application_name));
}

void CancelBackend(Session& session, int backend_pid) {
  session.Query(kCancelSql, {std::to_string(backend_pid)});
}

std::vector<Blocker> EndBlockersOf(Session& session, int backend_pid, const EndingRule& rule,
                                   HowToEnd how) {
  constexpr std::string_view kEnd = "$END$";
  std::string sql(kEndSql);
  sql.replace(sql.find(kEnd), kEnd.size(),
              how == HowToEnd::kCancel ? "pg_catalog.pg_cancel_backend"
                                       : "pg_catalog.pg_terminate_backend");
  const Rows rows = session.Query(
      sql, {std::to_string(backend_pid), std::to_string(ToSeconds(rule.idle_longer_than)),
            ArrayOf(rule.users), ArrayOf(rule.applications)});
  std::vector<Blocker> ended;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    if (rows.Bool(row, 7)) ended.push_back(EndedFrom(rows, row));
  }
  return ended;
}

}  // namespace lockstep
