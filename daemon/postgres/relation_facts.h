// Names looked up in the catalog: which relations they are, which others hang on them, and what
// there is to know about a relation before it is worked on.
//
// Nothing here waits for a table lock but the question for a relation's size, which asks for ACCESS
// SHARE, and for that no longer than 2 s.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/long_work_rules.h"
#include "postgres/lock_targets.h"
#include "postgres/session.h"

namespace lockstep {

// One name, and what is wanted of it. Names are as PostgreSQL stores them, without quotes.
struct AskedName {
  std::string thing;   // "relation", "index", "domain", "schema", "database", "default_partition"
  std::string schema;  // empty: found by the search_path
  std::string name;
  std::vector<std::string> reach;  // "descendants", "parent", ...: what else is wanted
  std::string constraint;          // the one foreign key that is followed; empty: all
  // For work on it.
  std::string column;
  std::string type;                    // that a column gets, "numeric(10,2)"
  std::string index;                   // whose columns are looked at
  std::vector<std::string> functions;  // that a default calls
  bool only = false;                   // without its partitions
};

struct ReachedRelation {
  std::size_t asked = 0;  // index of the AskedName
  std::string reach;      // "self", or as it was asked for
  LockTarget target;      // its mode is not known here
};

struct MetRelation {
  std::size_t asked = 0;
  std::string relation;  // as FoundWork has them
  std::string parent;
  long long bytes = 0;
  WorkFacts facts;
};

struct CatalogAnswer {
  std::vector<ReachedRelation> locked;
  std::vector<MetRelation> worked_on;
};

// One round trip, in a read-only transaction of its own. Throws Error.
CatalogAnswer AskCatalog(Session& session, const BodyNames& names,
                         const std::vector<AskedName>& locks, const std::vector<AskedName>& works);

}  // namespace lockstep
