#include "postgres/advisory_lock.h"

#include "base/mutant.h"
#include "core/duration.h"

namespace lockstep {
namespace {

std::vector<SqlValue> Parameters(const LockKey& key) {
  return {std::to_string(key.space), std::to_string(key.signed_id())};
}

Duration Seconds(double seconds) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

// For a mutant: who has the row for a while, by the clock. The test makes the table.
bool TakeLease(Session& session) {
  return !session
              .Query(
                  "update chaos.lease set owner = pg_catalog.pg_backend_pid(), ends ="
                  " pg_catalog.clock_timestamp() operator(pg_catalog.+) '4 s'::pg_catalog.interval"
                  " where ends operator(pg_catalog.<) pg_catalog.clock_timestamp() returning 1")
              .empty();
}

void EndLease(Session& session) {
  session.Query(
      "update chaos.lease set ends = '-infinity'"
      " where owner operator(pg_catalog.=) pg_catalog.pg_backend_pid()");
}

}  // namespace

std::string ToText(const LockHolder& holder) {
  std::string text = "pid " + std::to_string(holder.pid) + " (" + holder.application_name;
  if (!holder.user.empty()) text += ", user " + holder.user;
  if (!holder.client_address.empty()) text += ", client " + holder.client_address;
  return text + "), connected for " + ToText(Seconds(holder.backend_age_seconds));
}

bool TryLock(Session& session, const LockKey& key) {
  if (Mutant("lease-without-fence")) return TakeLease(session);
  return session
      .Query("select pg_catalog.pg_try_advisory_lock($1::pg_catalog.int4, $2::pg_catalog.int4)",
             Parameters(key))
      .Bool(0, 0);
}

void Unlock(Session& session, const LockKey& key) {
  if (Mutant("lease-without-fence")) return EndLease(session);
  session.Query("select pg_catalog.pg_advisory_unlock($1::pg_catalog.int4, $2::pg_catalog.int4)",
                Parameters(key));
}

std::optional<LockHolder> FindLockHolder(Session& session, const LockKey& key) {
  constexpr std::string_view kHolderSql =
      "select l.pid, a.application_name, a.usename, a.client_addr, a.state,"
      " extract(epoch from pg_catalog.clock_timestamp() - a.backend_start),"
      " extract(epoch from pg_catalog.clock_timestamp() - a.query_start)"
      " from pg_catalog.pg_locks l"
      " join pg_catalog.pg_database d on d.oid = l.database"
      " left join pg_catalog.pg_stat_activity a on a.pid = l.pid"
      " where l.locktype = 'advisory' and l.granted and l.objsubid = 2"
      " and d.datname = pg_catalog.current_database()"
      " and l.classid = $1::pg_catalog.int8::pg_catalog.oid"
      " and l.objid = $2::pg_catalog.int8::pg_catalog.oid limit 1";
  const Rows rows = session.Query(kHolderSql, {std::to_string(key.space), std::to_string(key.id)});
  if (rows.empty()) return {};
  LockHolder holder;
  holder.pid = static_cast<int>(rows.Int(0, 0));
  holder.application_name = rows.Text(0, 1);
  holder.user = rows.Text(0, 2);
  holder.client_address = rows.Text(0, 3);
  holder.state = rows.Text(0, 4);
  holder.backend_age_seconds = rows.Real(0, 5);
  holder.query_age_seconds = rows.At(0, 6) ? rows.Real(0, 6) : -1;
  return holder;
}

}  // namespace lockstep
