#include "base/error.h"
#include "commands/commands.h"
#include "commands/documents.h"
#include "commands/goal_argument.h"
#include "commands/target_access.h"

namespace lockstep {
namespace {

bool AppliedFrom(const CommandRequest& request) {
  if (request.Has("applied") != request.Has("not-applied")) return request.Has("applied");
  throw Error(ErrorCode::kUsage, "\"resolve\" needs one of --applied and --not-applied",
              "look at the database first: only you can know it");
}

// The statement that was begun and not marked done; statements run one after the other, so there is
// at most one.
ProgressRow InterruptedStatement(const History& history, const std::string& revision) {
  for (const char* direction : {"up", "down"}) {
    for (const ProgressRow& row : history.ProgressOf(revision, direction)) {
      if (!row.done) return row;
    }
  }
  throw Error(ErrorCode::kUsage, "no statement of revision \"" + revision + "\" was interrupted",
              "\"lockstep status\" shows what is wrong");
}

std::string NextAfter(const ProgressRow& row) {
  return row.direction == "up" ? "lockstep upgrade" : "lockstep downgrade -1";
}

json::object ResolveDocument(const ProgressRow& row, bool applied) {
  const std::string number = std::to_string(row.ordinal);
  return {{"revision", row.revision},
          {"direction", row.direction},
          {"as", applied ? "applied" : "not_applied"},
          {"statement", row.ordinal},
          {"message",
           applied ? "statement " + number + " counts as done; the next run goes on after it"
                   : "statement " + number + " counts as not run; the next run runs it again"},
          {"next", NextAfter(row)}};
}

}  // namespace

CommandAnswer RunResolve(const CommandContext& context, const CommandRequest& request) {
  const bool applied = AppliedFrom(request);
  const MigrationFolder folder = LoadFolder(context.settings);
  if (auto refusal = RefuseFolder(folder)) return *refusal;
  std::string revision;
  {
    // Looked at first, so that a refusal needs no lock.
    const SeenTarget seen = LookAtTarget(context.settings, "resolve");
    revision = RevisionFrom(folder, seen.history(), request.arguments.front());
    InterruptedStatement(seen.history(), revision);
  }
  json::object document;
  WithMigrationLock(context, "resolve", [&](LockedTarget& target) {
    const ProgressRow row = InterruptedStatement(target.look.history, revision);
    RequireSuccess(
        target.session.Send(EndStatementSql(context.settings.run.names, target.run, row, applied)));
    document = ResolveDocument(row, applied);
  });
  document["target"] = TargetName(context.settings);
  return {std::move(document)};
}

}  // namespace lockstep
