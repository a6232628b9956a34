// Proves on a throw-away database that migrations apply, roll back to exactly what was before, and
// apply again.
#pragma once

#include <string>
#include <vector>

#include "engine/runner.h"
#include "postgres/schema_fingerprint.h"

namespace lockstep {

struct VerifyStep {
  std::string action;  // "apply", "roll back", "apply again"
  std::string revision;
  bool ok = true;
  double duration_seconds = 0;
  std::string message;  // why it is not ok
};

struct VerifyDifference {
  std::string revision;
  SchemaDifference difference;
};

struct VerifyReport {
  bool ok = true;
  std::vector<VerifyStep> steps;
  std::vector<VerifyDifference> differences;
  Diagnostics diagnostics;
  std::vector<HistoryEntry> history;    // at the end
  std::optional<RunReport> failed_run;  // of the step that did not work
};

// REQUIRES: the context's database is empty and may be thrown away. `all`: each revision is rolled
// back and compared, not only the last. A migration without a down script is applied and noted.
VerifyReport Verify(const RunContext& context, bool all);

}  // namespace lockstep
