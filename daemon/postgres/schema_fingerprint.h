// The whole schema of a database as lines of text, so that two of them can be compared by name.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "postgres/session.h"

namespace lockstep {

// What makes up one object, by its name: {"column public.users.role", "3 userrole not null default
// 'client'::userrole"}. Everything a migration can change is in it: schemas, tables, columns
// (order, type, collation, default, identity, generated, storage, statistics), constraints, indexes
// (valid or not), enums, composite types, domains, ranges, sequences (with owner), functions,
// procedures, aggregates, operators, triggers, event triggers, rules, views and materialized views,
// policies and row security, inheritance and partitions, publications, statistics objects,
// extensions, casts, collations, text search, foreign servers, default privileges, privileges,
// owners, comments. OIDs are left out; our own bookkeeping schema and PostgreSQL's own are left
// out.
using SchemaFingerprint = std::map<std::string, std::string>;

// `skip_schema`: the bookkeeping schema; `skip_table`: "public.alembic_version" when it is kept in
// step.
SchemaFingerprint ReadSchemaFingerprint(Session& session, const std::string& skip_schema,
                                        const std::string& skip_table);

struct SchemaDifference {
  enum class What { kMissing, kExtra, kChanged };
  What what = What::kChanged;
  std::string object;  // "index public.users.ix_users_email"
  std::string before, after;

  bool operator==(const SchemaDifference&) const = default;
};

// Sorted by object. kMissing: in `before` only; kExtra: in `after` only.
std::vector<SchemaDifference> Compare(const SchemaFingerprint& before,
                                      const SchemaFingerprint& after);

// "index public.users.ix_users_email is left over" and the like: one line.
std::string ToText(const SchemaDifference& difference);

}  // namespace lockstep
