#include "commands/upgrade.h"

#include <charconv>

#include "base/error.h"
#include "commands/commands.h"
#include "commands/exit_code.h"
#include "commands/goal_argument.h"
#include "commands/run_document.h"
#include "commands/target_access.h"
#include "core/goal_resolution.h"

namespace lockstep {
namespace {

int KeepFrom(const std::string& text) {
  int keep = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), keep);
  if (problem == std::errc() && end == text.data() + text.size() && keep >= 0) return keep;
  throw Error(ErrorCode::kUsage, "\"--keep\" takes a number, not \"" + text + "\"",
              "0 keeps every backup");
}

RunSettings RunSettingsFor(const CommandContext& context, const CommandRequest& request) {
  RunSettings settings = context.settings.run;
  settings.standbys = StandbySessions(context.settings);
  if (request.Has("backup")) settings.backup.directory = request.Get("backup");
  if (request.Has("keep")) settings.backup.keep = KeepFrom(request.Get("keep"));
  return settings;
}

CommandAnswer AnswerOf(const CommandContext& context, const MigrationFolder& folder,
                       const RunReport& report, const std::string& goal) {
  json::object document = RunDocument(report, folder, goal);
  document["target"] = TargetName(context.settings);
  return {std::move(document), ExitCodeOf(report)};
}

RunReport InvalidReport(const MigrationFolder& folder, Direction direction) {
  RunReport report;
  report.state = RunState::kInvalid;
  report.direction = direction;
  report.diagnostics = folder.diagnostics();
  return report;
}

CommandAnswer RunTo(const CommandContext& context, const CommandRequest& request,
                    const MigrationFolder& folder, Direction direction, const std::string& goal,
                    EarlyLook* early = nullptr) {
  if (!folder.ok()) return AnswerOf(context, folder, InvalidReport(folder, direction), goal);
  const RunSettings settings = RunSettingsFor(context, request);
  std::mt19937_64 random(std::random_device{}());
  const RunContext run{folder,
                       settings,
                       TargetSessions(context.settings),
                       TargetUrl(context.settings),
                       context.clock,
                       context.observer,
                       context.stop,
                       random,
                       context.lookout_sessions,
                       context.memory,
                       early};
  return AnswerOf(context, folder, Run(run, {direction, GoalFrom(goal)}), goal);
}

// Whether nothing at all would stay applied.
bool LeadsToBase(const MigrationFolder& folder, const History& history, const Goal& goal) {
  if (history.Applied().empty()) return false;
  const auto reached = RevisionsAt(folder, history, goal);
  const auto* revisions = std::get_if<std::vector<std::string>>(&reached);
  return revisions != nullptr && revisions->empty();
}

void ConfirmBase(const CommandContext& context, const MigrationFolder& folder, const Goal& goal) {
  const SeenTarget seen = LookAtTarget(context.settings, "downgrade");
  if (!LeadsToBase(folder, seen.history(), goal)) return;
  const std::size_t count = seen.history().Applied().size();
  const std::string what = count == 1 ? "the one applied migration"
                                      : "all " + std::to_string(count) + " applied migrations";
  RequireConfirmation(context.confirm,
                      "roll back " + what + " of " + TargetName(context.settings) + "?");
}

CommandAnswer DownTo(const CommandContext& context, const CommandRequest& request,
                     const MigrationFolder& folder, const std::string& goal) {
  const Goal parsed = GoalFrom(goal);
  if (folder.ok()) ConfirmBase(context, folder, parsed);
  return RunTo(context, request, folder, Direction::kDown, goal);
}

}  // namespace

CommandAnswer RunUpgrade(const CommandContext& context, const CommandRequest& request) {
  const std::string goal = request.arguments.empty() ? "head" : request.arguments.front();
  GoalFrom(goal);
  const RunSettings& run = context.settings.run;
  EarlyLook early(TargetSessions(context.settings), RunSessionOptions(run, Direction::kUp),
                  run.names);
  return RunTo(context, request, LoadFolder(context.settings), Direction::kUp, goal, &early);
}

CommandAnswer RunUpgradeOn(const CommandContext& context, const MigrationFolder& folder,
                           const std::string& goal) {
  return AnswerFor("upgrade", [&] {
    GoalFrom(goal);
    return RunTo(context, {}, folder, Direction::kUp, goal);
  });
}

CommandAnswer RunDowngrade(const CommandContext& context, const CommandRequest& request) {
  const std::string& goal = request.arguments.front();
  GoalFrom(goal);
  return DownTo(context, request, LoadFolder(context.settings), goal);
}

CommandAnswer RunDowngradeOn(const CommandContext& context, const MigrationFolder& folder,
                             const std::string& goal) {
  return AnswerFor("downgrade", [&] { return DownTo(context, {}, folder, goal); });
}

}  // namespace lockstep
