#include "postgres/backend_control.h"

#include <algorithm>

#include "postgres/quoting.h"

namespace lockstep {
namespace {

constexpr std::string_view kCancelSql = "select pg_catalog.pg_cancel_backend($1::int4)";

// $1 our backend, $2 seconds, $3 users, $4 applications, $5 who was cancelled before. The state has
// been the same since state_change; a session that began to work meanwhile is active and not met.
constexpr std::string_view kEndSql = R"(
select a.pid, a.usename, a.application_name, pg_catalog.host(a.client_addr), a.state,
       extract(epoch from clock_timestamp() - a.xact_start), a.query, a.pid = any ($5::int4[]),
       case when a.pid = any ($5::int4[]) then pg_catalog.pg_terminate_backend(a.pid)
            else pg_catalog.pg_cancel_backend(a.pid) end
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

EndedBlocker EndedFrom(const Rows& rows, std::size_t row) {
  EndedBlocker ended;
  ended.blocker.pid = static_cast<int>(rows.Int(row, 0));
  ended.blocker.user = rows.Text(row, 1);
  ended.blocker.application_name = rows.Text(row, 2);
  ended.blocker.client_address = rows.Text(row, 3);
  ended.blocker.state = rows.Text(row, 4);
  ended.blocker.transaction_age_seconds = rows.Real(row, 5);
  ended.blocker.query = rows.Text(row, 6);
  ended.blocker.kind = BlockerKind::kIdleInTransaction;
  ended.terminated = rows.Bool(row, 7);
  return ended;
}

std::string ArrayOf(const std::set<int>& pids) {
  std::vector<std::string> texts;
  for (const int pid : pids) texts.push_back(std::to_string(pid));
  return ArrayOf(texts);
}

}  // namespace

bool MayBeEnded(const Blocker& blocker, const EndingRule& rule) {
  if (!rule.on || blocker.kind != BlockerKind::kIdleInTransaction) return false;
  if (!blocker.standby.empty() || blocker.queued) return false;
  return blocker.state_seconds >= ToSeconds(rule.idle_longer_than) &&
         (Contains(rule.users, blocker.user) ||
          Contains(rule.applications, blocker.application_name));
}

void CancelBackend(Session& session, int backend_pid) {
  session.Query(kCancelSql, {std::to_string(backend_pid)});
}

std::vector<EndedBlocker> EndBlockersOf(Session& session, int backend_pid, const EndingRule& rule,
                                        const std::set<int>& cancelled) {
  const Rows rows = session.Query(
      kEndSql, {std::to_string(backend_pid), std::to_string(ToSeconds(rule.idle_longer_than)),
                ArrayOf(rule.users), ArrayOf(rule.applications), ArrayOf(cancelled)});
  std::vector<EndedBlocker> ended;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    if (rows.Bool(row, 8)) ended.push_back(EndedFrom(rows, row));
  }
  return ended;
}

}  // namespace lockstep
