// The way back of run_events.h. Each of these takes what it finds and leaves out the rest.
#include <algorithm>
#include <array>
#include <cmath>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "commands/run_events.h"

namespace lockstep {
namespace {

std::string Text(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

template <typename Number>
std::optional<Number> NumberIn(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_number()) return {};
  boost::system::error_code problem;
  const auto number = value->to_number<Number>(problem);
  return problem ? std::nullopt : std::optional<Number>(number);
}

int Int(const json::object& object, std::string_view key) {
  return NumberIn<int>(object, key).value_or(0);
}

// So that every duration made of it can be reckoned with. 30 years.
constexpr double kLongestSeconds = 1e9;

double Seconds(const json::object& object, std::string_view key, double fallback = 0) {
  const std::optional<double> seconds = NumberIn<double>(object, key);
  if (!seconds || std::isnan(*seconds) || *seconds < 0) return fallback;
  return std::min(*seconds, kLongestSeconds);
}

const json::object& Object(const json::object& object, std::string_view key) {
  static const json::object none;
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_object() ? value->get_object() : none;
}

const json::array& List(const json::object& object, std::string_view key) {
  static const json::array none;
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_array() ? value->get_array() : none;
}

// The one of `all` that is called so; nothing for a name that is not known.
template <typename Enum, std::size_t size>
std::optional<Enum> Named(const std::string& name, const std::array<Enum, size>& all) {
  for (const Enum value : all) {
    if (NameOf(value) == name) return value;
  }
  return {};
}

Direction DirectionIn(const json::object& object) {
  return Text(object, "direction") == NameOf(Direction::kDown) ? Direction::kDown : Direction::kUp;
}

Diagnostics DiagnosticsIn(const json::object& object) {
  constexpr std::array kAll = {Severity::kError, Severity::kWarning, Severity::kNote};
  Diagnostics diagnostics;
  for (const json::value& value : List(object, "diagnostics")) {
    if (!value.is_object()) continue;
    const json::object& facts = value.get_object();
    diagnostics.push_back({.code = Text(facts, "code"),
                           .severity = Named(Text(facts, "severity"), kAll).value_or(kAll[0]),
                           .file = Text(facts, "file"),
                           .line = Int(facts, "line"),
                           .column = Int(facts, "column"),
                           .message = Text(facts, "message"),
                           .hint = Text(facts, "hint"),
                           .source_line = Text(facts, "source_line")});
  }
  return diagnostics;
}

std::vector<Blocker> BlockersIn(const json::object& object) {
  std::vector<Blocker> blockers;
  for (const json::value& value : List(object, "blockers")) {
    try {
      Blocker blocker = BlockerFromJson(value);
      for (double* seconds :
           {&blocker.transaction_age_seconds, &blocker.state_seconds, &blocker.wait_seconds}) {
        *seconds = std::clamp(*seconds, -1.0, kLongestSeconds);
      }
      blockers.push_back(std::move(blocker));
    } catch (const std::exception&) {
      continue;
    }
  }
  return blockers;
}

LockHolder HolderIn(const json::object& object) {
  const json::object& facts = Object(object, "holder");
  return {.pid = Int(facts, "pid"),
          .application_name = Text(facts, "application_name"),
          .user = Text(facts, "user"),
          .client_address = Text(facts, "client_address"),
          .state = Text(facts, "state"),
          .backend_age_seconds = Seconds(facts, "backend_age_seconds"),
          .query_age_seconds = Seconds(facts, "query_age_seconds", -1)};
}

SqlError ErrorIn(const json::object& facts) {
  return {.sqlstate = Text(facts, "sqlstate"),
          .message = Text(facts, "message"),
          .detail = Text(facts, "detail"),
          .hint = Text(facts, "hint"),
          .context = Text(facts, "context"),
          .schema = Text(facts, "schema"),
          .table = Text(facts, "table"),
          .column = Text(facts, "column"),
          .constraint = Text(facts, "constraint")};
}

Step StepIn(const json::object& event) {
  Step step;
  step.revision = Text(event, "revision");
  step.direction = DirectionIn(event);
  step.description = Text(event, "description");
  step.reason = Text(event, "reason");
  step.script.file = Text(event, "file");
  const json::value* transactional = event.if_contains("transactional");
  step.script.transactional =
      transactional == nullptr || !transactional->is_bool() || transactional->get_bool();
  return step;
}

Plan PlanIn(const json::object& event) {
  Plan plan;
  plan.direction = DirectionIn(event);
  for (const json::value& step : List(event, "steps")) {
    if (step.is_object()) plan.steps.push_back(StepIn(step.get_object()));
  }
  for (const json::value& revision : List(event, "ahead")) {
    if (revision.is_string()) plan.ahead.emplace_back(revision.get_string());
  }
  plan.warnings = DiagnosticsIn(event);
  return plan;
}

SqlFailure FailureIn(const json::object& event) {
  const json::object& facts = Object(event, "failure");
  return {.error = ErrorIn(facts),
          .file = Text(facts, "file"),
          .line = Int(facts, "line"),
          .column = Int(facts, "column"),
          .source_line = Text(facts, "source_line"),
          .statement = Text(facts, "statement")};
}

std::optional<StepResult> ResultIn(const json::object& event) {
  const std::string outcome = Text(event, "outcome");
  if (outcome == "applied") return Applied{};
  if (outcome == "stopped") return Stopped{};
  const SqlFailure failure = FailureIn(event);
  if (outcome == "failed") return Failed{failure};
  if (outcome == "deferred") return Deferred{failure, BlockersIn(event)};
  if (outcome == "unknown") return Unknown{failure.statement, failure.file, failure.line};
  return {};
}

void Diagnosed(const json::object& event, RunObserver& observer) {
  observer.OnDiagnostics(DiagnosticsIn(event));
}

void Waiting(const json::object& event, RunObserver& observer) {
  observer.OnWaitingForMigrationLock(HolderIn(event), Seconds(event, "waited_seconds"));
}

void Locked(const json::object& event, RunObserver& observer) {
  observer.OnMigrationLock(Seconds(event, "waited_seconds"));
}

void Planned(const json::object& event, RunObserver& observer) { observer.OnPlan(PlanIn(event)); }

void BackedUp(const json::object& event, RunObserver& observer) {
  observer.OnBackup(Text(event, "path"), NumberIn<long long>(event, "bytes").value_or(0));
}

void StepBegan(const json::object& event, RunObserver& observer) {
  const auto step = NumberIn<std::size_t>(event, "step");
  const auto steps = NumberIn<std::size_t>(event, "steps");
  if (!step || !steps || *step == 0 || *step > *steps) return;
  observer.OnStepBegin(StepIn(event), *step - 1, *steps);
}

void Statement(const json::object& event, RunObserver& observer) {
  const auto ordinal = NumberIn<std::size_t>(event, "statement");
  const auto count = NumberIn<std::size_t>(event, "statements");
  if (ordinal && count) observer.OnStatement(StepIn(event), *ordinal, *count, Text(event, "kind"));
}

void Progressed(const json::object& event, RunObserver& observer) {
  const double fraction = NumberIn<double>(event, "fraction").value_or(-1);
  observer.OnStatementProgress({.phase = Text(event, "phase"),
                                .fraction = fraction >= 0 ? std::min(fraction, 1.0) : -1,
                                .blocker_pid = Int(event, "blocker_pid"),
                                .blocker = Text(event, "blocker")});
}

// Whoever listens is told of at least one blocker.
void Blocked(const json::object& event, RunObserver& observer) {
  const std::vector<Blocker> blockers = BlockersIn(event);
  if (!blockers.empty()) observer.OnBlocked(StepIn(event), blockers);
}

void Retried(const json::object& event, RunObserver& observer) {
  observer.OnRetry(StepIn(event), ErrorIn(Object(event, "error")), Seconds(event, "pause_seconds"));
}

void StepEnded(const json::object& event, RunObserver& observer) {
  const std::optional<StepResult> result = ResultIn(event);
  if (!result) return;
  const Step step = StepIn(event);
  observer.OnStepEnd(step, {.revision = step.revision,
                            .direction = step.direction,
                            .result = *result,
                            .duration_seconds = Seconds(event, "duration_seconds"),
                            .lock_wait_seconds = Seconds(event, "lock_wait_seconds"),
                            .attempts = Int(event, "attempts")});
}

void Noticed(const json::object& event, RunObserver& observer) {
  observer.OnNotice({.severity = Text(event, "severity"),
                     .sqlstate = Text(event, "sqlstate"),
                     .message = Text(event, "message")});
}

void Reconnected(const json::object& event, RunObserver& observer) {
  observer.OnReconnect(Text(event, "why"));
}

void Said(const json::object& event, RunObserver& observer) {
  observer.OnMessage(Text(event, "message"));
}

void RunEnded(const json::object& event, RunObserver& observer) {
  constexpr std::array kAll = {RunState::kDone,   RunState::kNothingToDo, RunState::kInvalid,
                               RunState::kFailed, RunState::kDeferred,    RunState::kStopped,
                               RunState::kBusy,   RunState::kUnknown};
  RunReport report;
  const std::optional<RunState> state = Named(Text(event, "state"), kAll);
  if (!state) return;
  report.state = *state;
  observer.OnRunEnd(report);
}

struct Replayer {
  std::string_view event;
  void (*replay)(const json::object&, RunObserver&);
};

constexpr std::array kReplayers = {
    Replayer{"diagnostics", Diagnosed}, Replayer{"waiting_for_migration_lock", Waiting},
    Replayer{"migration_lock", Locked}, Replayer{"plan", Planned},
    Replayer{"backup", BackedUp},       Replayer{"step_begin", StepBegan},
    Replayer{"statement", Statement},   Replayer{"statement_progress", Progressed},
    Replayer{"blocked", Blocked},       Replayer{"retry", Retried},
    Replayer{"step_end", StepEnded},    Replayer{"notice", Noticed},
    Replayer{"reconnect", Reconnected}, Replayer{"message", Said},
    Replayer{"run_end", RunEnded}};

}  // namespace

void ReplayRunEvent(const json::object& event, RunObserver& observer) {
  const std::string name = Text(event, "event");
  for (const Replayer& replayer : kReplayers) {
    if (replayer.event == name) return replayer.replay(event, observer);
  }
}

}  // namespace lockstep
