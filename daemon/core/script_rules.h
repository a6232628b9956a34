// What a script may not hold, because it would break the promise of exactly once.
#pragma once

#include "base/diagnostic.h"
#include "core/migration.h"
#include "core/statement_splitter.h"

namespace lockstep {

// The script's statements with all that is wrong with them, in the order of their places. Codes
// beside those of SplitStatements: transaction-control, set-role, discard, advisory-unlock,
// concurrently-in-transaction, needs-no-transaction, concurrent-index-unnamed,
// concurrent-index-if-not-exists, string-syntax, session-setting (a warning), empty-script (a
// warning). Thread: any.
SplitScript CheckScript(const Script& script);

}  // namespace lockstep
