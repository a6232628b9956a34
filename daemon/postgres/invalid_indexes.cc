#include "postgres/invalid_indexes.h"

namespace lockstep {
namespace {

constexpr std::string_view kInvalidIndexes =
    "select pg_catalog.concat(n.nspname, '.', c.relname) from pg_catalog.pg_index i"
    " join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) i.indexrelid"
    " join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace"
    " where not i.indisvalid and n.nspname operator(pg_catalog.!~) '^pg_'"
    " and n.nspname operator(pg_catalog.<>) 'information_schema'"
    " and not exists (select from pg_catalog.pg_stat_progress_create_index p"
    " where p.index_relid operator(pg_catalog.=) i.indexrelid"
    " and p.datname operator(pg_catalog.=) pg_catalog.current_database()) order by 1";

}  // namespace

std::vector<std::string> ReadInvalidIndexes(Session& session) {
  const Rows rows = session.Query(std::string(kInvalidIndexes));
  std::vector<std::string> names;
  for (std::size_t r = 0; r < rows.size(); ++r) names.push_back(rows.Text(r, 0));
  return names;
}

}  // namespace lockstep
