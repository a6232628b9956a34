#include "engine/verify.h"

#include "commands/commands.h"
#include "commands/documents.h"
#include "commands/migration_document.h"
#include "commands/run_document.h"
#include "commands/target_access.h"
#include "commands/throwaway_database.h"

namespace lockstep {
namespace {

// A rehearsal takes no backup, runs no hook, and knows no table of Alembic's. A private server has
// nobody's roles.
RunSettings RehearsalSettings(RunSettings settings, bool is_private) {
  settings.backup = {};
  settings.hooks = {};
  settings.alembic = AlembicSync::kOff;
  if (is_private) settings.owner_role.clear();
  return settings;
}

VerifyReport Rehearse(const CommandContext& context, const MigrationFolder& folder,
                      const ThrowawayDatabase& database, bool all) {
  const RunSettings settings = RehearsalSettings(context.settings.run, database.is_private());
  std::mt19937_64 random(std::random_device{}());
  const SessionFactory open = [&database](const SessionOptions& options) {
    return OpenSession(database.url(), options);
  };
  const RunContext run{folder,        settings,         open,         database.url(),
                       context.clock, context.observer, context.stop, random};
  return Verify(run, all);
}

json::array StepsDocument(const VerifyReport& report) {
  json::array steps;
  for (const VerifyStep& step : report.steps) {
    steps.push_back(json::object{{"action", step.action},
                                 {"revision", step.revision},
                                 {"ok", step.ok},
                                 {"duration_seconds", step.duration_seconds},
                                 {"message", TextOrNull(step.message)}});
  }
  return steps;
}

std::string_view WhatName(SchemaDifference::What what) {
  switch (what) {
    case SchemaDifference::What::kMissing:
      return "missing";
    case SchemaDifference::What::kExtra:
      return "extra";
    case SchemaDifference::What::kChanged:
      return "changed";
  }
  return "";
}

json::array DifferencesDocument(const VerifyReport& report) {
  json::array differences;
  for (const auto& [revision, difference] : report.differences) {
    differences.push_back(json::object{{"revision", revision},
                                       {"what", WhatName(difference.what)},
                                       {"object", difference.object},
                                       {"before", TextOrNull(difference.before)},
                                       {"after", TextOrNull(difference.after)},
                                       {"text", ToText(difference)}});
  }
  return differences;
}

std::string MessageOf(const VerifyReport& report) {
  if (report.ok)
    return "every migration applied, rolled back to what was before, and applied again";
  if (report.differences.empty()) return "a migration did not run";
  // The first cause of whatever failed after it.
  const auto& [revision, difference] = report.differences.front();
  return "the rollback of revision \"" + revision +
         "\" does not restore what was before: " + ToText(difference) +
         (report.differences.size() == 1
              ? ""
              : ", and " + std::to_string(report.differences.size() - 1) + " more");
}

json::object VerifyDocument(const VerifyReport& report, const MigrationFolder& folder) {
  const History history(report.history, {}, {});
  Diagnostics diagnostics = report.diagnostics;
  if (report.failed_run) {
    const Diagnostics& more = report.failed_run->diagnostics;
    diagnostics.insert(diagnostics.end(), more.begin(), more.end());
  }
  return {{"ok", report.ok},
          {"steps", StepsDocument(report)},
          {"differences", DifferencesDocument(report)},
          {"migrations", MigrationDocuments({folder, &history}, folder.graph().order())},
          {"error", report.failed_run ? FailureDocument(*report.failed_run) : json::value(nullptr)},
          {"message", MessageOf(report)},
          {"diagnostics", ToJson(diagnostics)}};
}

ExitCode ExitCodeOf(const VerifyReport& report) {
  if (report.ok) return ExitCode::kDone;
  const bool stopped = report.failed_run && report.failed_run->state == RunState::kStopped;
  return stopped ? ExitCode::kTemporary : ExitCode::kBadMigration;
}

}  // namespace

CommandAnswer RunVerify(const CommandContext& context, const CommandRequest& request) {
  const MigrationFolder folder = LoadFolder(context.settings);
  if (auto refusal = RefuseFolder(folder)) return *refusal;
  const bool all = request.Has("all");
  const ThrowawayDatabase database(context.settings);
  const VerifyReport report = Rehearse(context, folder, database, all);
  json::object document = VerifyDocument(report, folder);
  document["target"] = database.url().Redacted();
  document["server"] = database.description();
  document["all"] = all;
  return {std::move(document), ExitCodeOf(report)};
}

}  // namespace lockstep
