// Indexes that take work at every write and answer no query.
#pragma once

#include <string>
#include <vector>

#include "postgres/session.h"

namespace lockstep {

// "public.orders_total_idx", by name: what an interrupted CREATE INDEX CONCURRENTLY or REINDEX left
// behind, and an index of a partitioned table that some partition lacks. Those that are being built
// at this moment, as far as this role may see that, and the server's own schemas are left out. One
// round trip; waits for nobody.
std::vector<std::string> ReadInvalidIndexes(Session& session);

}  // namespace lockstep
