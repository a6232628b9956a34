#include "postgres/require_writable.h"

#include "base/error.h"

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
  return reply.ok() && reply.rows.at(0).Int(0, 0) == facts.backend_pid;
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
}

}  // namespace lockstep
