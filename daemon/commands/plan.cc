#include "base/error.h"
#include "commands/commands.h"
#include "commands/documents.h"
#include "commands/goal_argument.h"
#include "commands/planned_step.h"
#include "commands/target_documents.h"
#include "core/planner.h"

namespace lockstep {
namespace {

PlanResult MakePlan(const Settings& settings, const MigrationFolder& folder, const SeenTarget& seen,
                    const Goal& goal, bool down) {
  if (!down) return MakeUpgradePlan(folder, seen.history(), goal);
  const StoredDown stored_down = [&](const std::string& revision) {
    return ReadStoredDown(seen.session(), settings.run.names, revision);
  };
  return MakeDowngradePlan(folder, seen.history(), goal, stored_down);
}

json::array LocksDocument(const StatementLocks& locks) {
  json::array list;
  for (const LockTarget& target : locks.targets) {
    list.push_back(json::object{{"relation", target.name}, {"mode", NameOf(target.mode)}});
  }
  return list;
}

// Each statement as this database sees it.
json::array StatementsDocument(const PlannedStep& planned) {
  json::array list = ToJson(planned.statements);
  for (std::size_t i = 0; i < list.size(); ++i) {
    json::object& statement = list[i].get_object();
    statement["lock_class"] = LetterOf(planned.locks[i].lock_class);
    statement["locks"] = LocksDocument(planned.locks[i]);
  }
  return list;
}

json::object StepDocument(const PlannedStep& planned) {
  const Step& step = planned.step;
  return {{"revision", step.revision},
          {"direction", NameOf(step.direction)},
          {"description", step.description},
          {"reason", step.reason},
          {"transactional", step.script.transactional},
          {"irreversible", TextOrNull(step.irreversible)},
          {"file", TextOrNull(step.script.file)},
          {"stored", step.stored_script},
          {"statements", StatementsDocument(planned)}};
}

std::string WithNewline(const std::string& text) {
  return text.empty() || text.ends_with('\n') ? text : text + "\n";
}

// The scripts as they would run. What Lockstep writes about them is left out: who runs this by hand
// records it by `lockstep stamp`.
std::string SqlOf(const Plan& plan) {
  std::string sql = "-- Run by hand, this is recorded nowhere: tell it with \"lockstep stamp\".\n";
  for (const Step& step : plan.steps) {
    const std::string title =
        "\n-- " + std::string(NameOf(step.direction)) + " " + step.revision + ": " + step.reason;
    const std::string text = WithNewline(step.script.text.str());
    sql += title + "\n" + (step.script.transactional ? "begin;\n" + text + "commit;\n" : text);
  }
  return sql;
}

std::string MessageFor(const Plan& plan, const Diagnostics& found) {
  if (plan.empty()) return "nothing to do";
  if (HasErrors(found)) return "this plan would be refused, and nothing run";
  const std::string verb = plan.direction == Direction::kUp ? "applied" : "rolled back";
  return Count(plan.steps.size(), "migration", "migrations") + " would be " + verb;
}

json::object MadePlan(const Diagnostics& folder, const Plan& plan,
                      const std::vector<PlannedStep>& planned, bool with_sql) {
  json::array steps;
  Diagnostics found = folder;
  found.insert(found.end(), plan.warnings.begin(), plan.warnings.end());
  for (const PlannedStep& step : planned) {
    found.insert(found.end(), step.diagnostics.begin(), step.diagnostics.end());
    steps.push_back(StepDocument(step));
  }
  return {{"ahead", ToJson(plan.ahead)},
          {"steps", std::move(steps)},
          {"sql", with_sql ? json::value(SqlOf(plan)) : nullptr},
          {"message", MessageFor(plan, found)},
          {"diagnostics", ToJson(found)}};
}

json::object NoPlan(const Diagnostics& reasons) {
  return {{"ahead", json::array{}},
          {"steps", json::array{}},
          {"sql", nullptr},
          {"message", "no plan can be made"},
          {"diagnostics", ToJson(reasons)}};
}

bool HasErrorIn(const json::object& document) {
  for (const json::value& diagnostic : document.at("diagnostics").as_array()) {
    if (diagnostic.at("severity").as_string() == NameOf(Severity::kError)) return true;
  }
  return false;
}

ExitCode ExitCodeFor(const json::object& document, const CommandRequest& request) {
  if (HasErrorIn(document)) return ExitCode::kBadMigration;  // a refusal, which has no steps, too
  const bool has_steps = !document.at("steps").as_array().empty();
  return request.Has("exit-code") && has_steps ? ExitCode::kPending : ExitCode::kDone;
}

json::value NextFor(const Plan& plan, const std::string& goal) {
  if (plan.empty()) return nullptr;
  const std::string command = plan.direction == Direction::kUp ? "upgrade" : "downgrade";
  return json::value("lockstep " + command + " " + goal);
}

// Going down needs a goal; going up has one.
std::string GoalOf(const CommandRequest& request) {
  if (!request.arguments.empty()) return request.arguments.front();
  if (!request.Has("downgrade")) return "head";
  throw Error(ErrorCode::kUsage, "\"plan --downgrade\" needs a GOAL",
              "for one migration: lockstep plan --downgrade -1");
}

// What is asked of a plan.
struct PlanQuestion {
  std::string goal;
  bool down = false;
  bool with_sql = false;
};

json::object DocumentOf(const Settings& settings, const MigrationFolder& folder,
                        const SeenTarget& seen, const PlanQuestion& question) {
  if (auto refusal = RefuseUnadopted(settings.run, seen.look)) return refusal->document;
  const PlanResult result =
      MakePlan(settings, folder, seen, GoalFrom(question.goal), question.down);
  const Plan* plan = std::get_if<Plan>(&result);
  json::object document = plan != nullptr
                              ? MadePlan(folder.diagnostics(), *plan,
                                         LookAhead(seen, settings.run, *plan), question.with_sql)
                              : NoPlan(std::get<Diagnostics>(result));
  document["target"] = TargetName(settings);
  document["direction"] = NameOf(question.down ? Direction::kDown : Direction::kUp);
  document["goal"] = question.goal;
  document["next"] =
      plan == nullptr || HasErrorIn(document) ? nullptr : NextFor(*plan, question.goal);
  return document;
}

}  // namespace

json::object PlanDocument(const Settings& settings, const MigrationFolder& folder,
                          const SeenTarget& seen, const std::string& goal) {
  if (auto refusal = RefuseFolder(folder)) {
    return WithSharedKeys("plan", std::move(refusal->document));
  }
  return WithSharedKeys("plan", DocumentOf(settings, folder, seen, {.goal = goal}));
}

CommandAnswer RunPlan(const CommandContext& context, const CommandRequest& request) {
  const PlanQuestion question{
      .goal = GoalOf(request), .down = request.Has("downgrade"), .with_sql = request.Has("sql")};
  GoalFrom(question.goal);
  const MigrationFolder folder = LoadFolder(context.settings);
  if (auto refusal = RefuseFolder(folder)) return *refusal;
  json::object document =
      DocumentOf(context.settings, folder, LookAtTarget(context.settings, "plan"), question);
  const ExitCode exit_code = ExitCodeFor(document, request);
  return {std::move(document), exit_code};
}

}  // namespace lockstep
