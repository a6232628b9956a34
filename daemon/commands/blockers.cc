#include "postgres/blockers.h"

#include "commands/blocker_document.h"
#include "commands/commands.h"
#include "commands/documents.h"
#include "commands/target_documents.h"
#include "core/planner.h"
#include "engine/prepared_step.h"
#include "postgres/lock_targets.h"

namespace lockstep {
namespace {

std::string MessageOf(const BlockerPicture& picture) {
  if (picture.ours.empty() && picture.blockers.empty()) {
    return "nobody is in the way of the next upgrade, and no session of ours is connected";
  }
  if (picture.ours.empty()) {
    return Count(picture.blockers.size(), "session is", "sessions are") +
           " in the way of the next upgrade";
  }
  return Count(picture.blockers.size(), "session blocks", "sessions block") + " ours; " +
         Count(picture.victims.size(), "waits", "wait") + " for ours";
}

// The migration that an upgrade would begin with, if there is one.
std::optional<Step> NextStep(const MigrationFolder& folder, const History& history) {
  const PlanResult result = MakeUpgradePlan(folder, history, std::get<Goal>(ParseGoal("heads")));
  const auto* plan = std::get_if<Plan>(&result);
  if (plan == nullptr || plan->empty()) return {};
  return plan->steps.front();
}

// A run that looks waits for no lock: who is in its way has to be found by what it is going to
// lock.
void AddBlockersOfNext(const RunSettings& settings, const MigrationFolder& folder,
                       const SeenTarget& seen, BlockerPicture& picture) {
  if (!folder.ok()) return;
  const std::optional<Step> step = NextStep(folder, seen.history());
  if (!step) return;
  std::vector<Statement> statements =
      SplitStatements(step->script.text, step->script.file).statements;
  // Sizes are not asked for: that would wait for a table that somebody holds.
  for (Statement& statement : statements) statement.kind.long_work.clear();
  const std::vector<StatementLocks> locks =
      FindStatementLocks(seen.session(), BodyNamesOf(settings, seen.opened.facts), statements);
  AddHolders(FindHolders(seen.session(), TargetsOf(locks), 0), step->revision,
             settings.blocker_query, picture);
}

json::object DocumentOf(const Settings& settings, const SeenTarget& seen,
                        BlockerPicture&& picture) {
  const std::string message = MessageOf(picture);
  return {{"target", TargetName(settings)},
          {"blockers", std::move(picture.blockers)},
          {"victims", std::move(picture.victims)},
          {"ours", std::move(picture.ours)},
          {"sees_all_activity", seen.opened.facts.sees_all_activity},
          {"message", message}};
}

}  // namespace

json::object BlockersDocument(const Settings& settings, const MigrationFolder& folder,
                              const SeenTarget& seen) {
  BlockerPicture picture = ReadBlockerPicture(seen.session(), settings.run.blocker_query);
  if (picture.blockers.empty()) AddBlockersOfNext(settings.run, folder, seen, picture);
  return WithSharedKeys("blockers", DocumentOf(settings, seen, std::move(picture)));
}

// The folder is read when it is needed only: who blocks us now is told without one.
CommandAnswer RunBlockers(const CommandContext& context, const CommandRequest&) {
  const Settings& settings = context.settings;
  const SeenTarget seen = LookAtTarget(settings, "blockers");
  BlockerPicture picture = ReadBlockerPicture(seen.session(), settings.run.blocker_query);
  if (picture.blockers.empty()) {
    AddBlockersOfNext(settings.run, LoadFolder(settings), seen, picture);
  }
  return {DocumentOf(settings, seen, std::move(picture))};
}

}  // namespace lockstep
