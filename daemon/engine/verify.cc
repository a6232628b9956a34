#include "engine/verify.h"

#include <algorithm>
#include <utility>

#include "engine/rollback_goal.h"
#include "postgres/history_table.h"

namespace lockstep {
namespace {

using Differences = std::vector<SchemaDifference>;

constexpr const char* kApply = "apply";
constexpr const char* kRollBack = "roll back";
constexpr const char* kApplyAgain = "apply again";

// Makes `schema` what it was before `differences` came about.
void Undo(const Differences& differences, SchemaFingerprint& schema) {
  for (const SchemaDifference& difference : differences) {
    if (difference.what == SchemaDifference::What::kExtra) {
      schema.erase(difference.object);
    } else {
      schema[difference.object] = difference.before;
    }
  }
}

bool IsAmong(const Differences& differences, const SchemaDifference& wanted) {
  return std::ranges::any_of(differences, [&](const SchemaDifference& difference) {
    return difference.object == wanted.object && difference.what == wanted.what;
  });
}

std::string Place(const std::string& file, int line, int column) {
  if (line == 0) return file;
  return file + ':' + std::to_string(line) + (column > 0 ? ':' + std::to_string(column) : "");
}

std::string Sentence(const SqlFailure& failure) {
  return Place(failure.file, failure.line, failure.column) + ": " + failure.error.message + " [" +
         failure.error.sqlstate + ']';
}

std::string MessageOf(const StepResult& result) {
  if (const auto* failed = std::get_if<Failed>(&result)) return Sentence(failed->failure);
  if (const auto* deferred = std::get_if<Deferred>(&result)) return Sentence(deferred->failure);
  if (const auto* unknown = std::get_if<Unknown>(&result)) {
    return Place(unknown->file, unknown->line, 0) +
           ": nobody can tell whether this happened: " + unknown->statement;
  }
  return std::holds_alternative<Stopped>(result) ? "stopped on request" : "";
}

// Of a run that ended before, between or after its steps.
std::string MessageOf(const RunReport& run) {
  if (!run.message.empty()) return run.message;
  if (!run.busy_holder.empty()) return "the migration lock is held by " + run.busy_holder;
  const auto error = std::ranges::find(run.diagnostics, Severity::kError, &Diagnostic::severity);
  if (error != run.diagnostics.end()) return error->message;
  return run.state == RunState::kStopped ? "stopped on request"
                                         : "the run ended as " + std::string(NameOf(run.state));
}

std::string Summary(const Differences& differences) {
  const std::string first = ToText(differences.front());
  if (differences.size() == 1) return first;
  return first + ", and " + std::to_string(differences.size() - 1) + " more";
}

// Up, down and up again. Of the schema between two migrations only what changed there is kept,
// since a thousand whole ones would not fit. Thread: run.
class Verification {
 public:
  Verification(const RunContext& context, bool all)
      : context_(context),
        migrations_(context.folder.migrations()),
        all_(all),
        opened_(context.open({.purpose = "verify"})) {}

  VerifyReport Run() {
    if (!migrations_.empty() && ApplyEach()) GoDownAndUp();
    report_.history = ReadLook(*opened_.session, context_.settings.names).history.entries();
    report_.ok = !report_.failed_run && report_.differences.empty();
    return std::move(report_);
  }

 private:
  SchemaFingerprint ReadSchema() {
    const RunSettings& settings = context_.settings;
    const bool skips_alembic = settings.alembic != AlembicSync::kOff;
    return ReadSchemaFingerprint(*opened_.session, settings.names.schema,
                                 skips_alembic ? settings.names.alembic_table : "");
  }

  bool ApplyEach() {
    schema_ = ReadSchema();
    for (const Migration& migration : migrations_) {
      const Goal goal{Goal::Anchor::kRevision, migration.revision, 0};
      if (!RunTo(Direction::kUp, goal, kApply, migration.revision)) return false;
      SchemaFingerprint after = ReadSchema();
      changes_.push_back(Compare(schema_, after));
      schema_ = std::move(after);
    }
    return true;
  }

  void GoDownAndUp() {
    const SchemaFingerprint head = schema_;
    std::size_t applied = migrations_.size();
    do {
      const RollbackGoal next = NewestRollback(context_.folder, applied);
      if (StaysApplied(next.keeps, applied)) break;
      if (!RollBackTo(next, applied)) return;
      applied = next.keeps;
    } while (all_ && applied > 0);
    if (applied == migrations_.size()) return;
    const Goal heads{Goal::Anchor::kHeads, "", 0};
    if (!RunTo(Direction::kUp, heads, kApplyAgain, migrations_[applied].revision)) return;
    CompareWith(head);
  }

  // True when one of those from `keeps` on has no way back: it is noted, and the way down ends.
  bool StaysApplied(std::size_t keeps, std::size_t applied) {
    for (std::size_t i = applied; i-- > keeps;) {
      const Migration& migration = migrations_[i];
      if (migration.down) continue;
      report_.steps.push_back({.action = kRollBack,
                               .revision = migration.revision,
                               .message = "not rolled back, since it is irreversible: " +
                                          migration.irreversible.value_or("no down script")});
      return true;
    }
    return false;
  }

  bool RollBackTo(const RollbackGoal& next, std::size_t applied) {
    const std::string& newest = migrations_[applied - 1].revision;
    if (!RunTo(Direction::kDown, next.goal, kRollBack, newest)) return false;
    for (std::size_t i = applied; i-- > next.keeps;) Undo(changes_[i], schema_);
    CompareWith(schema_);
    return true;
  }

  // What an earlier rollback has left is reported there only.
  void CompareWith(const SchemaFingerprint& expected) {
    Differences now = Compare(expected, ReadSchema());
    Differences fresh;
    std::ranges::copy_if(
        now, std::back_inserter(fresh),
        [this](const SchemaDifference& difference) { return !IsAmong(known_, difference); });
    known_ = std::move(now);
    if (fresh.empty()) return;
    VerifyStep& step = report_.steps.back();
    step.ok = false;
    step.message = Summary(fresh);
    for (SchemaDifference& difference : fresh) {
      report_.differences.push_back({step.revision, std::move(difference)});
    }
  }

  // `revision`: the one to name when the run does not come to any.
  bool RunTo(Direction direction, const Goal& goal, const char* action,
             const std::string& revision) {
    RunReport run = lockstep::Run(context_, {direction, goal});
    const bool done = run.state == RunState::kDone;
    for (const StepReport& step : run.steps) AddStep(step, action);
    if (!done && (run.steps.empty() || report_.steps.back().ok)) {
      report_.steps.push_back({.action = action,
                               .revision = run.not_run.empty() ? revision : run.not_run.front(),
                               .ok = false,
                               .message = MessageOf(run)});
    }
    if (done) {
      AddDiagnostics(run.diagnostics);
    } else {
      report_.failed_run = std::move(run);
    }
    return done;
  }

  void AddStep(const StepReport& step, const char* action) {
    report_.steps.push_back({.action = action,
                             .revision = step.revision,
                             .ok = std::holds_alternative<Applied>(step.result),
                             .duration_seconds = step.duration_seconds,
                             .message = MessageOf(step.result)});
  }

  // Each run looks at the whole folder and says the same of it.
  void AddDiagnostics(const Diagnostics& diagnostics) {
    for (const Diagnostic& diagnostic : diagnostics) {
      const auto known = std::ranges::find(report_.diagnostics, diagnostic);
      if (known == report_.diagnostics.end()) report_.diagnostics.push_back(diagnostic);
    }
  }

  const RunContext& context_;
  const std::vector<Migration>& migrations_;
  const bool all_;
  OpenedSession opened_;
  SchemaFingerprint schema_;          // as it should be now
  std::vector<Differences> changes_;  // that the migration at the same place made
  Differences known_;                 // between how it should be and how it is
  VerifyReport report_;
};

}  // namespace

VerifyReport Verify(const RunContext& context, bool all) {
  return Verification(context, all).Run();
}

}  // namespace lockstep
