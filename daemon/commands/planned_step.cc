#include "commands/planned_step.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/long_work_refusal.h"
#include "core/script_rules.h"
#include "engine/prepared_step.h"

namespace lockstep {
namespace {

void Refuse(const RunSettings& settings, PlannedStep& planned) {
  const Script& script = planned.step.script;
  std::vector<std::vector<FoundWork>> found;
  for (const StatementLocks& locks : planned.locks) found.push_back(locks.long_work);
  const long long small_table = Overridden(settings.table_locks, script.limits).small_table;
  std::ranges::move(RefuseLongWork(script, planned.statements, found, small_table),
                    std::back_inserter(planned.diagnostics));
}

}  // namespace

std::vector<PlannedStep> LookAhead(const SeenTarget& seen, const RunSettings& settings,
                                   const Plan& plan) {
  std::vector<PlannedStep> steps;
  std::vector<Statement> all;
  for (const Step& step : plan.steps) {
    SplitScript split = CheckScript(step.script);
    all.insert(all.end(), split.statements.begin(), split.statements.end());
    steps.push_back({step, std::move(split.statements), {}, std::move(split.diagnostics)});
  }
  const std::vector<StatementLocks> locks =
      FindStatementLocks(seen.session(), BodyNamesOf(settings, seen.opened.facts), all);
  auto next = locks.begin();
  for (PlannedStep& planned : steps) {
    const auto end = std::next(next, std::ssize(planned.statements));
    planned.locks.assign(next, end);
    next = end;
    Refuse(settings, planned);
  }
  return steps;
}

}  // namespace lockstep
