#include "engine/statement_recovery.h"

#include "base/error.h"
#include "base/mutant.h"
#include "postgres/quoting.h"
#include "postgres/sql_batch.h"

namespace lockstep {
namespace {

// The name as to_regclass and to_regtype read it.
std::string Qualified(const std::string& schema, const std::string& name) {
  return schema.empty() ? QuoteIdentifier(name)
                        : QuoteIdentifier(schema) + '.' + QuoteIdentifier(name);
}

// One query as the body would see the catalog. Its search_path may name schemas in which others
// create things, so operators too say that they are PostgreSQL's.
Rows Ask(Session& session, const BodyEnvironment& body, const std::string& query) {
  SqlBatch batch;
  batch.Add("begin read only");
  batch.Add(body.local);
  batch.Add(query);
  batch.Add("rollback");
  Reply reply = session.Send(batch.text(), Keep::kRows);
  if (!reply.ok()) {
    session.Send("rollback");
    RequireSuccess(reply);
  }
  return reply.RowsOf(reply.rows.size() - 1);
}

// A statement that has to be alone in its message, with the body's role and search_path.
std::optional<SqlError> SendAsBody(Session& session, const BodyEnvironment& body,
                                   const std::string& sql) {
  RequireSuccess(session.Send(OneMessage(body.session)));
  const Reply reply = session.Send(sql);
  RequireSuccess(session.Send(OneMessage(body.leave)));
  return reply.error;
}

std::string TableOf(const StatementKind& kind) {
  return "pg_catalog.to_regclass(" + QuoteLiteral(Qualified(kind.schema, kind.relation)) + ')';
}

// Schema and name of every index that an interrupted `kind` can have left invalid.
std::string InvalidIndexesSql(const StatementKind& kind) {
  const std::string from =
      "select n.nspname, c.relname from pg_catalog.pg_index i"
      " join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) i.indexrelid"
      " join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace where not "
      "i.indisvalid and ";
  if (kind.trait == StatementTrait::kCreateIndexConcurrently) {
    return from + "i.indrelid operator(pg_catalog.=) " + TableOf(kind) +
           " and c.relname operator(pg_catalog.=) " + QuoteLiteral(kind.object);
  }
  // REINDEX names a table, or one index whose table has the leftovers.
  const std::string name = kind.relation.empty() ? kind.object : kind.relation;
  const std::string named =
      "pg_catalog.to_regclass(" + QuoteLiteral(Qualified(kind.schema, name)) + ')';
  return from +
         "c.relname operator(pg_catalog.~) '_cc(new|old)[0-9]*$' and i.indrelid "
         "operator(pg_catalog.=) coalesce((select x.indrelid"
         " from pg_catalog.pg_index x where x.indexrelid operator(pg_catalog.=) " +
         named + "), " + named + ')';
}

Remains RemainsOfBuild(Session& session, const StatementKind& kind, const BodyEnvironment& body) {
  return IndexIsValid(session, kind, body) ? Remains::kDone : Remains::kNothing;
}

Remains RemainsOfDrop(Session& session, const StatementKind& kind, const BodyEnvironment& body) {
  const Rows rows = Ask(session, body,
                        "select pg_catalog.to_regclass(" +
                            QuoteLiteral(Qualified(kind.schema, kind.object)) + ") is null");
  return rows.Bool(0, 0) ? Remains::kDone : Remains::kNothing;
}

Remains RemainsOfDetach(Session& session, const StatementKind& kind, const BodyEnvironment& body) {
  const Rows rows =
      Ask(session, body,
          "select h.inhdetachpending from pg_catalog.pg_inherits h"
          " join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) h.inhrelid where "
          "h.inhparent operator(pg_catalog.=) " +
              TableOf(kind) + " and c.relname operator(pg_catalog.=) " + QuoteLiteral(kind.object));
  if (rows.empty()) return Remains::kDone;
  return rows.Bool(0, 0) ? Remains::kPending : Remains::kNothing;
}

}  // namespace

Remains FindRemains(Session& session, const StatementKind& kind, const BodyEnvironment& body) {
  switch (kind.trait) {
    case StatementTrait::kCreateIndexConcurrently:
      return RemainsOfBuild(session, kind, body);
    case StatementTrait::kReindexConcurrently:
      return Remains::kNothing;
    case StatementTrait::kDropIndexConcurrently:
      return RemainsOfDrop(session, kind, body);
    case StatementTrait::kDetachConcurrently:
      return RemainsOfDetach(session, kind, body);
    default:
      return Remains::kUnknown;
  }
}

std::optional<SqlError> DropInvalidIndexes(Session& session, const StatementKind& kind,
                                           const BodyEnvironment& body) {
  if (kind.trait != StatementTrait::kCreateIndexConcurrently &&
      kind.trait != StatementTrait::kReindexConcurrently) {
    return {};
  }
  const Rows rows = Ask(session, body, InvalidIndexesSql(kind));
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const std::string drop = "drop index concurrently " + QuoteIdentifier(rows.Text(r, 0)) + '.' +
                             QuoteIdentifier(rows.Text(r, 1));
    if (auto error = SendAsBody(session, body, drop)) return error;
  }
  return {};
}

bool IndexIsValid(Session& session, const StatementKind& kind, const BodyEnvironment& body) {
  const Rows rows =
      Ask(session, body,
          "select i.indisvalid from pg_catalog.pg_index i"
          " join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) i.indexrelid where "
          "i.indrelid operator(pg_catalog.=) " +
              TableOf(kind) + " and c.relname operator(pg_catalog.=) " + QuoteLiteral(kind.object));
  return !rows.empty() && (rows.Bool(0, 0) || Mutant("believed-if-not-exists"));
}

std::string FinalizeDetachSql(const StatementKind& kind) {
  return "alter table " + Qualified(kind.schema, kind.relation) + " detach partition " +
         QuoteIdentifier(kind.object) + " finalize";
}

}  // namespace lockstep
