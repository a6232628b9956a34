#include "postgres/blockers.h"

#include "base/text.h"

namespace lockstep {
namespace {

// Which held mode stands against which wanted one: PostgreSQL's manual, table 13.2.
constexpr std::string_view kLocks = R"(
with conflicts (wanted, held) as (values
  ('AccessShareLock', '{AccessExclusiveLock}'::text[]),
  ('RowShareLock', '{ExclusiveLock,AccessExclusiveLock}'),
  ('RowExclusiveLock', '{ShareLock,ShareRowExclusiveLock,ExclusiveLock,AccessExclusiveLock}'),
  ('ShareUpdateExclusiveLock', '{ShareUpdateExclusiveLock,ShareLock,ShareRowExclusiveLock,
    ExclusiveLock,AccessExclusiveLock}'),
  ('ShareLock', '{RowExclusiveLock,ShareUpdateExclusiveLock,ShareRowExclusiveLock,ExclusiveLock,
    AccessExclusiveLock}'),
  ('ShareRowExclusiveLock', '{RowExclusiveLock,ShareUpdateExclusiveLock,ShareLock,
    ShareRowExclusiveLock,ExclusiveLock,AccessExclusiveLock}'),
  ('ExclusiveLock', '{RowShareLock,RowExclusiveLock,ShareUpdateExclusiveLock,ShareLock,
    ShareRowExclusiveLock,ExclusiveLock,AccessExclusiveLock}'),
  ('AccessExclusiveLock', '{AccessShareLock,RowShareLock,RowExclusiveLock,
    ShareUpdateExclusiveLock,ShareLock,ShareRowExclusiveLock,ExclusiveLock,AccessExclusiveLock}')
),
locks as materialized (
  -- By way of JSON, because before PostgreSQL 14 there is no column "waitstart".
  select l.*, (to_jsonb(l) ->> 'waitstart')::timestamptz as waiting_since
  from pg_catalog.pg_locks l
))";

// One row for each session that pg_blocking_pids names, with the first of its locks that conflicts
// with what is awaited, held ones before queued ones. It writes 0 for prepared transactions without
// saying which: those are found by their locks, of which one is on their own transaction id.
constexpr std::string_view kBlocking = R"(,
blocking as materialized (
  select distinct pid from unnest(pg_catalog.pg_blocking_pids($1::int4)) as b (pid)
),
in_the_way as (
  select l.*
  from locks awaited
  join conflicts c on c.wanted = awaited.mode
  join locks l
    on (l.locktype, l.database, l.relation, l.page, l.tuple, l.virtualxid, l.transactionid,
        l.classid, l.objid, l.objsubid)
       is not distinct from
       (awaited.locktype, awaited.database, awaited.relation, awaited.page, awaited.tuple,
        awaited.virtualxid, awaited.transactionid, awaited.classid, awaited.objid,
        awaited.objsubid)
   and l.mode = any (c.held)
  where awaited.pid = $1::int4 and not awaited.granted
),
found as (
  select distinct on (b.pid) b.pid, null::xid as prepared, l.locktype, l.relation, l.mode,
         not l.granted as queued
  from blocking b
  left join in_the_way l on l.pid = b.pid
  where b.pid <> 0
  order by b.pid, l.granted desc
), prepared as (
  select distinct on (x.gid) 0 as pid, x.transaction as prepared, l.locktype, l.relation,
         l.mode, false as queued
  from in_the_way l
  join locks own on own.virtualtransaction = l.virtualtransaction and own.pid is null
   and own.locktype = 'transactionid'
  join pg_catalog.pg_prepared_xacts x on x.transaction = own.transactionid
  where l.pid is null and l.granted and exists (select from blocking where pid = 0)
  order by x.gid
), picture as (
  select * from found union all select * from prepared
))";

// Only those who wait at all are asked for whom: pg_blocking_pids holds the lock tables.
constexpr std::string_view kWaiting = R"(,
waiting as materialized (
  select distinct pid from locks where not granted and pid <> $1::int4
),
picture as (
  select distinct on (l.pid) l.pid, null::xid as prepared, l.locktype, l.relation, l.mode,
         true as queued
  from waiting w
  join locks l on l.pid = w.pid and not l.granted
  where $1::int4 = any (pg_catalog.pg_blocking_pids(w.pid))
  order by l.pid
))";

// $2, $3: relations and the modes wanted on them.
constexpr std::string_view kHolding = R"(,
holding as (
  select l.*
  from unnest($2::oid[], $3::text[]) as target (relation, mode)
  join conflicts c on c.wanted = target.mode
  join locks l on l.locktype = 'relation' and l.relation = target.relation
   and l.mode = any (c.held)
   and l.database = (select d.oid from pg_catalog.pg_database d
                     where d.datname = pg_catalog.current_database())
  where l.pid is distinct from $1::int4
),
picture as (
  select distinct on (h.virtualtransaction)
         coalesce(h.pid, 0) as pid, x.transaction as prepared, h.locktype, h.relation, h.mode,
         not h.granted as queued
  from holding h
  left join locks own on h.pid is null and own.pid is null and own.locktype = 'transactionid'
   and own.virtualtransaction = h.virtualtransaction
  left join pg_catalog.pg_prepared_xacts x on x.transaction = own.transactionid
  -- A request in the queue counts more than what its session holds already.
  order by h.virtualtransaction, h.granted
))";

// Asked many times a second during an attempt. Before PostgreSQL 14 a lock does not say since when
// it is waited for; the statement's start is the earliest that it can be.
constexpr std::string_view kStrain = R"(
with waiting as materialized (
  select l.pid, min($SINCE$) as since
  from pg_catalog.pg_locks l
  left join pg_catalog.pg_stat_activity a on a.pid = l.pid
  where not l.granted
  group by l.pid
), seen as materialized (
  select w.since, w.pid = $1::int4 as ours,
         w.pid <> $1::int4 and $1::int4 = any (pg_catalog.pg_blocking_pids(w.pid)) as victim
  from waiting w
)
select count(*) filter (where victim),
       max(extract(epoch from clock_timestamp() - since)) filter (where victim),
       bool_or(ours)
from seen)";

constexpr std::string_view kMayHurry =
    "select pg_catalog.has_parameter_privilege('deadlock_timeout', 'set')";
constexpr std::string_view kMayHurryBefore15 =
    "select rolsuper from pg_catalog.pg_roles where rolname = current_user";

constexpr std::string_view kDescription = R"(
select p.pid, x.gid, coalesce(a.usename, x.owner), a.application_name,
       pg_catalog.host(a.client_addr), a.state,
       extract(epoch from clock_timestamp() - coalesce(a.xact_start, x.prepared)),
       extract(epoch from clock_timestamp() - own.waiting_since),
       upper(regexp_replace(regexp_replace(p.mode, 'Lock$', ''), '([a-z])([A-Z])', '\1 \2', 'g')),
       p.queued, quote_ident(n.nspname) || '.' || quote_ident(c.relname), p.locktype,
       nullif(a.query, '<insufficient privilege>'),
       coalesce(a.backend_type = 'autovacuum worker',
                a.pid is not null and a.usesysid is null) as autovacuum,
       extract(epoch from clock_timestamp() - a.state_change)
from picture p
left join pg_catalog.pg_stat_activity a on a.pid = p.pid and p.pid <> 0
left join pg_catalog.pg_prepared_xacts x on x.transaction = p.prepared
left join pg_catalog.pg_class c on c.oid = p.relation
left join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join lateral (
  select min(l.waiting_since) as waiting_since from locks l where l.pid = p.pid and not l.granted
) own on true
order by )";

constexpr std::string_view kOldestFirst = "7 desc nulls last, 1";
constexpr std::string_view kLongestWaitFirst = "8 desc nulls last, 1";

constexpr std::string_view kOurBackends = R"(
select a.pid, a.application_name, a.state,
       exists (select from pg_catalog.pg_locks l where l.pid = a.pid and not l.granted)
from pg_catalog.pg_stat_activity a
where a.application_name like 'lockstep/%' and a.datname = pg_catalog.current_database()
  and a.pid <> pg_catalog.pg_backend_pid()
order by a.pid)";

std::string Sql(std::string_view picture, std::string_view order) {
  std::string sql(kLocks);
  return sql.append(picture).append(kDescription).append(order);
}

bool IsDdlMode(std::string_view mode) {
  return mode == "SHARE UPDATE EXCLUSIVE" || mode == "SHARE" || mode == "SHARE ROW EXCLUSIVE" ||
         mode == "EXCLUSIVE" || mode == "ACCESS EXCLUSIVE";
}

BlockerKind KindOf(const Blocker& blocker, bool autovacuum) {
  if (blocker.pid == 0) return BlockerKind::kPrepared;
  if (autovacuum && blocker.query.find("(to prevent wraparound)") != std::string::npos) {
    return BlockerKind::kWraparound;
  }
  if (autovacuum) return BlockerKind::kAutovacuum;
  if (blocker.state.starts_with("idle in transaction")) return BlockerKind::kIdleInTransaction;
  // A row lock is called EXCLUSIVE too; only a relation's lock tells DDL.
  const bool ddl = blocker.lock_type == "relation" && IsDdlMode(blocker.mode);
  return ddl ? BlockerKind::kDdl : BlockerKind::kActive;
}

double RealOrUnknown(const Rows& rows, std::size_t row, std::size_t column) {
  return rows.At(row, column) ? rows.Real(row, column) : -1;
}

Blocker BlockerFrom(const Rows& rows, std::size_t row) {
  Blocker blocker;
  blocker.pid = static_cast<int>(rows.Int(row, 0));
  blocker.gid = rows.Text(row, 1);
  blocker.user = rows.Text(row, 2);
  blocker.application_name = rows.Text(row, 3);
  blocker.client_address = rows.Text(row, 4);
  blocker.state = rows.Text(row, 5);
  blocker.transaction_age_seconds = RealOrUnknown(rows, row, 6);
  blocker.wait_seconds = RealOrUnknown(rows, row, 7);
  blocker.mode = rows.Text(row, 8);
  blocker.queued = rows.Bool(row, 9);
  blocker.relation = rows.Text(row, 10);
  blocker.lock_type = rows.Text(row, 11);
  blocker.query = rows.Text(row, 12);
  blocker.state_seconds = RealOrUnknown(rows, row, 14);
  blocker.kind = KindOf(blocker, rows.Bool(row, 13));
  return blocker;
}

std::vector<Blocker> ReadPicture(Session& session, const std::string& sql,
                                 const std::vector<SqlValue>& parameters) {
  const Rows rows = session.Query(sql, parameters);
  std::vector<Blocker> picture;
  for (std::size_t row = 0; row < rows.size(); ++row) picture.push_back(BlockerFrom(rows, row));
  return picture;
}

}  // namespace

std::vector<Blocker> FindBlockers(Session& session, int backend_pid) {
  return ReadPicture(session, Sql(kBlocking, kOldestFirst), {std::to_string(backend_pid)});
}

std::vector<Blocker> FindVictims(Session& session, int backend_pid) {
  return ReadPicture(session, Sql(kWaiting, kLongestWaitFirst), {std::to_string(backend_pid)});
}

std::vector<Blocker> FindHolders(Session& session, const std::vector<LockTarget>& targets,
                                 int backend_pid) {
  if (targets.empty()) return {};
  std::vector<std::string> relations, modes;
  for (const LockTarget& target : targets) {
    relations.push_back(std::to_string(target.oid));
    modes.emplace_back(PgLocksNameOf(target.mode));
  }
  return ReadPicture(session, Sql(kHolding, kOldestFirst),
                     {std::to_string(backend_pid), "{" + Join(relations, ",") + "}",
                      "{" + Join(modes, ",") + "}"});
}

Strain ReadStrain(Session& session, int backend_pid) {
  constexpr int kFirstWithWaitStart = 140000;
  constexpr std::string_view kSince = "$SINCE$";
  std::string sql(kStrain);
  sql.replace(sql.find(kSince), kSince.size(),
              session.server_version() < kFirstWithWaitStart ? "a.query_start" : "l.waitstart");
  const Rows rows = session.Query(sql, {std::to_string(backend_pid)});
  return {.victims = static_cast<int>(rows.Int(0, 0)),
          .worst_wait_seconds = rows.Real(0, 1),
          .waiting = rows.Bool(0, 2)};
}

bool MayHurryVacuum(Session& session) {
  constexpr int kFirstWithParameterPrivileges = 150000;
  const bool by_privilege = session.server_version() >= kFirstWithParameterPrivileges;
  return session.Query(by_privilege ? kMayHurry : kMayHurryBefore15).Bool(0, 0);
}

std::vector<OurBackend> FindOurBackends(Session& session) {
  const Rows rows = session.Query(kOurBackends);
  std::vector<OurBackend> backends;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    backends.push_back({static_cast<int>(rows.Int(row, 0)), rows.Text(row, 1), rows.Text(row, 2),
                        rows.Bool(row, 3)});
  }
  return backends;
}

}  // namespace lockstep
