// A run's report as a document: the answer of `upgrade` and `downgrade`.
#pragma once

#include <string>

#include "base/json.h"
#include "core/migration_folder.h"
#include "core/outcome.h"

namespace lockstep {

// The *failure* of docs/json.md; null when the step succeeded.
json::value FailureDocument(const StepReport& step);
// Of the run's last step, which alone can have failed.
json::value FailureDocument(const RunReport& report);

json::object RunDocument(const RunReport& report, const MigrationFolder& folder,
                         const std::string& goal);

}  // namespace lockstep
