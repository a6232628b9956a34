#include "postgres/relation_facts.h"

#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "postgres/quoting.h"
#include "postgres/relation_queries.h"
#include "postgres/sql_batch.h"
#include "postgres/sql_state.h"

namespace lockstep {
namespace {

json::value ToJson(const std::vector<AskedName>& names) {
  json::array asked;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const AskedName& name = names[i];
    asked.push_back(json::object{{"id", i},
                                 {"thing", name.thing},
                                 {"schema", name.schema},
                                 {"name", name.name},
                                 {"reach", lockstep::ToJson(name.reach)},
                                 {"constraint", name.constraint},
                                 {"column", name.column},
                                 {"type", name.type},
                                 {"index", name.index},
                                 {"functions", lockstep::ToJson(name.functions)},
                                 {"only", name.only}});
  }
  return asked;
}

// A role that the login may not enter is left out: then names are found as the login finds them.
std::string EnterRole(const std::string& role) {
  return "select pg_catalog.set_config('role', r.rolname, true) from pg_catalog.pg_roles r "
         "where r.rolname = " +
         QuoteLiteral(role) + " and pg_catalog.pg_has_role(r.oid, 'member')";
}

std::vector<std::string> JsonStrings(const std::string& text) {
  return text.empty() ? std::vector<std::string>{} : ToStrings(json::parse(text));
}

std::vector<ReachedRelation> ReadLocked(const Rows& rows) {
  std::vector<ReachedRelation> relations;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    relations.push_back({.asked = static_cast<std::size_t>(rows.Int(row, 0)),
                         .reach = rows.Text(row, 1),
                         .target = {.oid = static_cast<std::uint32_t>(rows.Int(row, 2)),
                                    .name = rows.Text(row, 3),
                                    .kind = rows.Text(row, 4).at(0),
                                    .lockable = rows.Bool(row, 5)}});
  }
  return relations;
}

TypeChange ReadTypeChange(const Rows& rows, std::size_t row) {
  return {.from = rows.Text(row, 7),
          .to = rows.Text(row, 8),
          .same_storage = rows.Bool(row, 9),
          .to_constrained = rows.Bool(row, 10),
          .utc = rows.Bool(row, 11),
          .has_check = rows.Bool(row, 12),
          .has_index = rows.Bool(row, 13),
          .has_special_index = rows.Bool(row, 14),
          .own_collation = rows.Bool(row, 15)};
}

std::vector<MetRelation> ReadWorkedOn(const Rows& rows) {
  std::vector<MetRelation> relations;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    relations.push_back({.asked = static_cast<std::size_t>(rows.Int(row, 0)),
                         .relation = rows.Text(row, 1),
                         .parent = rows.Text(row, 2),
                         .bytes = rows.Int(row, 3),
                         .facts = {.has_rows = rows.Bool(row, 4),
                                   .proven = JsonStrings(rows.Text(row, 5)),
                                   .nullable = JsonStrings(rows.Text(row, 6)),
                                   .type = ReadTypeChange(rows, row),
                                   .constrained_domain = rows.Bool(row, 10),
                                   .volatile_function = rows.Bool(row, 16)}});
  }
  return relations;
}

[[noreturn]] void ThrowRefused(const SqlError& error) {
  if (error.sqlstate == sql_state::kLockNotAvailable) {
    throw Error(ErrorCode::kBusy,
                "the size of a table that is to be worked on for long could not be read: somebody "
                "holds ACCESS EXCLUSIVE on it",
                "run the command again when that has ended", error.sqlstate);
  }
  throw Error(sql_state::CodeOf(error.sqlstate),
              "the relations that the statements lock could not be looked up: " + error.message,
              error.hint, error.sqlstate);
}

Reply SendOrThrow(Session& session, const std::string& message) {
  Reply reply = session.Send(message, Keep::kRows);
  if (reply.ok()) return reply;
  session.Send("rollback");
  ThrowRefused(*reply.error);
}

}  // namespace

CatalogAnswer AskCatalog(Session& session, const BodyNames& names,
                         const std::vector<AskedName>& locks, const std::vector<AskedName>& works) {
  SqlBatch batch;
  batch.Add("begin transaction read only");
  batch.Add("set local lock_timeout = '2s'");
  // Compiling these queries takes 20 s, running them 30 ms.
  batch.Add("set local jit = off");
  batch.Add(EnterRole(names.role));
  batch.Add("select pg_catalog.set_config('search_path', " + QuoteLiteral(names.search_path) +
            ", true)");
  batch.Add(
      "select pg_catalog.set_config('lockstep.path', pg_catalog.array_to_json("
      "pg_catalog.current_schemas(true))::pg_catalog.text, true)");
  batch.Add("set local search_path = ''");
  batch.Add(LockedSql(json::serialize(ToJson(locks))));
  if (!works.empty()) batch.Add(WorkedOnSql(json::serialize(ToJson(works))));
  batch.Add("commit");
  const Reply reply = SendOrThrow(session, batch.text());
  constexpr std::size_t kFirstAnswer = 3;  // after the role and the path
  CatalogAnswer answer{.locked = ReadLocked(reply.RowsOf(kFirstAnswer)), .worked_on = {}};
  if (!works.empty()) answer.worked_on = ReadWorkedOn(reply.RowsOf(kFirstAnswer + 1));
  return answer;
}

}  // namespace lockstep
