// Says no to what would keep an application waiting for long, unless its author wants it.
#pragma once

#include <vector>

#include "base/diagnostic.h"
#include "core/found_work.h"
#include "core/migration.h"
#include "core/statement_splitter.h"

namespace lockstep {

// One error "long-lock" for each statement and relation that has more than `small_table_bytes` and
// is not acknowledged in the script's header; by the name of its partitioned table it is, too.
// `found` has an entry for each of `statements`, which may come from the text with its variables
// replaced. Thread: any.
Diagnostics RefuseLongWork(const Script& script, const std::vector<Statement>& statements,
                           const std::vector<std::vector<FoundWork>>& found,
                           long long small_table_bytes);

}  // namespace lockstep
