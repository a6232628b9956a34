#include "commands/run_events.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "commands/documents.h"
#include "commands/run_document.h"
#include "postgres/connection_url.h"

namespace lockstep {
namespace {

// "2026-11-22T18:20:38.123Z".
std::string WithMilliseconds(WallTime time) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  const auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(time - whole);
  std::string text = ToIso8601(time);
  text.insert(text.size() - 1, fmt::format(".{:03}", rest.count()));
  return text;
}

json::object StepFacts(const Step& step) {
  return {{"revision", step.revision},
          {"direction", NameOf(step.direction)},
          {"description", step.description},
          {"transactional", step.script.transactional}};
}

json::object PlannedFacts(const Step& step) {
  json::object facts = StepFacts(step);
  facts["reason"] = step.reason;
  facts["file"] = TextOrNull(step.script.file);
  return facts;
}

std::vector<Blocker> WithoutSecrets(std::vector<Blocker> blockers) {
  for (Blocker& blocker : blockers) blocker.query = RedactSecrets(blocker.query);
  return blockers;
}

json::array BlockerFacts(const std::vector<Blocker>& blockers) {
  json::array list;
  for (const Blocker& blocker : blockers) list.push_back(ToJson(blocker));
  return list;
}

json::object ErrorFacts(const SqlError& error) {
  return {{"sqlstate", TextOrNull(error.sqlstate)},    {"message", error.message},
          {"detail", TextOrNull(error.detail)},        {"hint", TextOrNull(error.hint)},
          {"context", TextOrNull(error.context)},      {"schema", TextOrNull(error.schema)},
          {"table", TextOrNull(error.table)},          {"column", TextOrNull(error.column)},
          {"constraint", TextOrNull(error.constraint)}};
}

// As the failure's document names them.
struct OutcomeName {
  std::string_view operator()(const Applied&) const { return "applied"; }
  std::string_view operator()(const Failed&) const { return "failed"; }
  std::string_view operator()(const Deferred&) const { return "deferred"; }
  std::string_view operator()(const Stopped&) const { return "stopped"; }
  std::string_view operator()(const Unknown&) const { return "unknown"; }
};

// What the failure's document and the blockers are made from.
StepReport Told(StepReport report) {
  if (auto* deferred = std::get_if<Deferred>(&report.result)) {
    deferred->blockers = WithoutSecrets(std::move(deferred->blockers));
  }
  return report;
}

json::array BlockersOf(const StepResult& result) {
  const auto* deferred = std::get_if<Deferred>(&result);
  return deferred == nullptr ? json::array{} : BlockerFacts(deferred->blockers);
}

}  // namespace

RunEventWriter::RunEventWriter(const Clock& clock, std::function<void(json::object)> write)
    : clock_(clock), write_(std::move(write)) {}

void RunEventWriter::Write(std::string_view event, json::object&& facts) {
  json::object whole{{"event", event}, {"at", WithMilliseconds(clock_.WallNow())}};
  for (auto& fact : facts) whole.emplace(fact.key(), std::move(fact.value()));
  write_(std::move(whole));
}

void RunEventWriter::OnDiagnostics(const Diagnostics& diagnostics) {
  Write("diagnostics", {{"diagnostics", ToJson(diagnostics)}});
}

void RunEventWriter::OnWaitingForMigrationLock(const LockHolder& holder, double waited_seconds) {
  Write("waiting_for_migration_lock",
        {{"holder", ToJson(holder)}, {"waited_seconds", waited_seconds}});
}

void RunEventWriter::OnMigrationLock(double waited_seconds) {
  Write("migration_lock", {{"waited_seconds", waited_seconds}});
}

void RunEventWriter::OnPlan(const Plan& plan) {
  json::array steps;
  for (const Step& step : plan.steps) steps.push_back(PlannedFacts(step));
  Write("plan", {{"direction", NameOf(plan.direction)},
                 {"steps", std::move(steps)},
                 {"ahead", ToJson(plan.ahead)},
                 {"diagnostics", ToJson(plan.warnings)}});
}

void RunEventWriter::OnBackup(const std::string& path, long long bytes) {
  Write("backup", {{"path", path}, {"bytes", bytes}});
}

void RunEventWriter::OnStepBegin(const Step& step, std::size_t index, std::size_t count) {
  json::object facts = StepFacts(step);
  facts["step"] = index + 1;
  facts["steps"] = count;
  Write("step_begin", std::move(facts));
}

void RunEventWriter::OnStatement(const Step& step, std::size_t ordinal, std::size_t count,
                                 const std::string& kind) {
  json::object facts = StepFacts(step);
  facts["statement"] = ordinal;
  facts["statements"] = count;
  facts["kind"] = kind;
  Write("statement", std::move(facts));
}

void RunEventWriter::OnStatementProgress(const StatementProgress& progress) {
  const bool known = progress.fraction >= 0;
  Write("statement_progress",
        {{"phase", TextOrNull(progress.phase)},
         {"fraction", known ? json::value(progress.fraction) : json::value(nullptr)},
         {"blocker_pid", progress.blocker_pid},
         {"blocker", TextOrNull(RedactSecrets(progress.blocker))}});
}

void RunEventWriter::OnBlocked(const Step& step, const std::vector<Blocker>& blockers) {
  json::object facts = StepFacts(step);
  facts["blockers"] = BlockerFacts(WithoutSecrets(blockers));
  Write("blocked", std::move(facts));
}

void RunEventWriter::OnRetry(const Step& step, const SqlError& error, double pause_seconds) {
  json::object facts = StepFacts(step);
  facts["error"] = ErrorFacts(error);
  facts["pause_seconds"] = pause_seconds;
  Write("retry", std::move(facts));
}

void RunEventWriter::OnStepEnd(const Step& step, const StepReport& report) {
  const StepReport told = Told(report);
  json::object facts = StepFacts(step);
  facts["outcome"] = std::visit(OutcomeName{}, told.result);
  facts["duration_seconds"] = report.duration_seconds;
  facts["lock_wait_seconds"] = report.lock_wait_seconds;
  facts["attempts"] = report.attempts;
  facts["failure"] = FailureDocument(told);
  facts["blockers"] = BlockersOf(told.result);
  Write("step_end", std::move(facts));
}

void RunEventWriter::OnNotice(const Notice& notice) {
  Write("notice", {{"severity", notice.severity},
                   {"sqlstate", TextOrNull(notice.sqlstate)},
                   {"message", notice.message}});
}

void RunEventWriter::OnReconnect(const std::string& why) { Write("reconnect", {{"why", why}}); }

void RunEventWriter::OnMessage(const std::string& sentence) {
  Write("message", {{"message", sentence}});
}

void RunEventWriter::OnRunEnd(const RunReport& report) {
  Write("run_end", {{"state", NameOf(report.state)}});
}

}  // namespace lockstep
