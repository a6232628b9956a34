// The catalog queries behind relation_facts: from names to relations.
//
// What is asked is a JSON list of objects with "id" (its place in the list), "thing", "schema",
// "name", "reach", "constraint", "column", "type", "index" and "functions", as AskedName has them.
// Both queries look names up in the session's search_path and are slow to compile: REQUIRES jit
// off.
#pragma once

#include <string>

namespace lockstep {

// Rows: id, reach ("self" or what was asked for), OID, qualified name, relkind, whether LOCK TABLE
// takes it. No lock is waited for.
std::string LockedSql(const std::string& asked);

// One row for each relation that has storage, alone or in its partitions; an index gives its table.
// Columns: id, qualified name, partitioned table, bytes, whether it has rows, then those of
// WorkFacts in their order. Asks for ACCESS SHARE, to read sizes.
std::string WorkedOnSql(const std::string& asked);

}  // namespace lockstep
