#include "postgres/require_writable.h"

#include "base/error.h"
#include "postgres/sql_state.h"

namespace lockstep {
namespace {

constexpr std::chrono::milliseconds kProbeTimeout{3'000};

[[noreturn]] void RefusePooler() {
  throw Error(
      ErrorCode::kPooler,
      "a pooler that shares server sessions between transactions stands between lockstep and "
      "the database; a lock taken through it would belong to nobody",
      "connect to PostgreSQL itself, or to a pool in session mode");
}

// Through a pooler in transaction mode an idle client has no server process of its own: while a
// second client is inside a transaction, the first is served by another process, or by none in
// time.
bool KeepsItsServerProcess(Session& session, const ServerFacts& facts, const SessionFactory& open) {
  const OpenedSession second = open({.purpose = "pooler-probe", .connect_timeout = kProbeTimeout});
  const Reply held =
      second.session->Send("begin; select pg_catalog.pg_backend_pid()", Keep::kRows, kProbeTimeout);
  if (!held.ok() || held.rows.empty()) return false;
  if (held.rows[0].Int(0, 0) == facts.backend_pid) return false;
  const Reply reply =
      session.Send("select pg_catalog.pg_backend_pid()", Keep::kRows, kProbeTimeout);
  return reply.ok() && reply.RowsOf(0).Int(0, 0) == facts.backend_pid;
}

void RequireSessionPooling(Session& session, const ServerFacts& facts, const SessionFactory& open) {
  try {
    if (KeepsItsServerProcess(session, facts, open)) return;
  } catch (const Error&) {
    // A second session that cannot be had proves nothing good.
  }
  RefusePooler();
}

std::string SourceOfReadOnly(Session& session) {
  const Rows rows = session.Query(
      "select source from pg_catalog.pg_settings where name = 'default_transaction_read_only'");
  return rows.empty() ? "" : rows.Text(0, 0);
}

std::string InWords(const ServerFacts& facts) {
  return facts.address.host + (facts.address.port.empty() ? "" : ":" + facts.address.port) +
         " (timeline " + std::to_string(facts.identity->timeline) + ")";
}

// Of one cluster, and yet not the same server by another name.
bool IsSecondPrimary(const ServerFacts& facts, const ServerFacts& other) {
  return facts.identity && other.identity &&
         other.identity->system_identifier == facts.identity->system_identifier &&
         other.identity->started != facts.identity->started;
}

std::optional<ServerFacts> FactsOf(const ServerAddress& server, const SessionFactory& open) {
  try {
    return open({.purpose = "primary-probe",
                 .connect_timeout = kProbeTimeout,
                 .answer_deadline = kProbeTimeout,
                 .server = server})
        .facts;
  } catch (const Error&) {
    return {};  // Who does not answer takes no changes from us.
  }
}

// After a failover that nobody fenced, the old primary takes changes that will be thrown away.
void RequireSolePrimary(const ServerFacts& facts, const SessionFactory& open) {
  for (const ServerAddress& server : facts.other_servers) {
    const std::optional<ServerFacts> other = FactsOf(server, open);
    if (!other || !IsSecondPrimary(facts, *other)) continue;
    throw Error(ErrorCode::kOldPrimary,
                "two servers of one cluster take changes: " + InWords(facts) + " and " +
                    InWords(*other) + "; what is written to one of them will be lost",
                "stop the old primary, or make it a standby of the new one");
  }
}

}  // namespace

void RequireWritable(Session& session, const ServerFacts& facts, const SessionFactory& open) {
  if (facts.in_recovery) {
    throw Error(ErrorCode::kStandby,
                "the server is a standby: it replays another server and takes no changes",
                "connect to the primary; \"target_session_attrs=read-write\" in the URL finds it");
  }
  if (facts.read_only) {
    throw Error(ErrorCode::kReadOnly,
                "the session is read-only: default_transaction_read_only is on, set by the " +
                    SourceOfReadOnly(session),
                "turn it off for the role \"" + facts.user + "\" or the database \"" +
                    facts.database + "\", if migrations are wanted now");
  }
  if (facts.through_pooler) RequireSessionPooling(session, facts, open);
  RequireSolePrimary(facts, open);
}

void RequireRights(Session& session, const ServerFacts& facts, const BookkeepingNames& names) {
  const Rows rights = session.Query(
      "select case when pg_catalog.to_regclass($1) is null"
      " then pg_catalog.has_database_privilege(pg_catalog.current_database(), 'create')"
      " else pg_catalog.has_table_privilege($1, 'insert') end",
      {names.Table("history")});
  if (rights.Bool(0, 0)) return;
  throw Error(ErrorCode::kPermission,
              "the role \"" + facts.user + "\" may not write the bookkeeping schema \"" +
                  names.schema + "\" of the database \"" + facts.database + "\"",
              "run \"lockstep init\" once as a role that may create schemas in this database, "
              "with --login for the role that migrates",
              std::string(sql_state::kInsufficientPrivilege));
}

}  // namespace lockstep
