#include "agent/target_worker.h"

#include <malloc.h>

#include <utility>

#include "agent/events.h"
#include "agent/run_log.h"
#include "agent/run_progress.h"
#include "base/document.h"
#include "commands/run_events.h"
#include "commands/upgrade.h"
#include "engine/run_observers.h"

namespace lockstep {
namespace {

TargetStatus FirstStatus(const TargetSettings& settings) {
  TargetStatus status;
  status.name = settings.name;
  if (settings.settings.url) status.database = settings.settings.url->Redacted();
  status.doing = "starting";
  status.ready_when_ahead = settings.ready_when_ahead;
  return status;
}

// The answer in one sentence, and how bad it is.
struct Outcome {
  const EventKind* kind;
  std::string message;
};

Outcome OutcomeOf(const CommandAnswer& answer) {
  const std::string state = TextAt(answer.document, "state");
  if (state == "deferred") return {&event::kRunDeferred, TextAt(answer.document, "message")};
  const bool good = answer.exit_code == ExitCode::kDone || state == "stopped" || state == "busy";
  const EventKind* kind = good ? &event::kRunEnded : &event::kRunFailed;
  if (state.empty()) {
    if (const json::value* error = answer.document.if_contains("error"); error->is_object()) {
      return {kind, TextAt(error->get_object(), "message")};
    }
  }
  return {kind, TextAt(answer.document, "message")};
}

// Nobody is there to be asked.
std::optional<bool> ConsentOf(const JournaledRun& run) {
  return run.order.yes ? std::optional(true) : std::nullopt;
}

// Its source line is for people at a terminal; what to do stands beside it.
void LogDiagnostic(const Diagnostic& diagnostic, LogFields fields) {
  const std::string text = ToText(diagnostic);
  if (!diagnostic.hint.empty()) fields.emplace_back("hint", diagnostic.hint);
  LogEvent(event::kDiagnostic, text.substr(0, text.find('\n')), fields);
}

void LogBegin(const JournaledRun& run) {
  LogFields fields = {{"target", run.order.target},
                      {"run_id", run.id},
                      {"source", std::string(NameOf(run.order.source))}};
  if (!run.order.caller.empty()) fields.emplace_back("caller", run.order.caller);
  LogEvent(event::kRunBegun, WordsOf(run.order), fields);
}

// Lets a run that only waits for the migration lock give way to what has come by mail, also to what
// came before it waited.
class GivesWay : public RunObserver {
 public:
  GivesWay(const Inbox& inbox, StopSource& stop) : inbox_(inbox), stop_(stop) {}
  void OnWaitingForMigrationLock(const LockHolder&, double) override {
    if (inbox_.IsWorthAnInterruption()) stop_.RequestAfterCurrent();
  }

 private:
  const Inbox& inbox_;
  StopSource& stop_;
};

Diagnostic DiagnosticIn(const json::object& facts) {
  const json::value* line = facts.if_contains("line");
  return {.code = TextAt(facts, "code"),
          .severity = Severity::kError,
          .file = TextAt(facts, "file"),
          .line = line != nullptr && line->is_int64() ? static_cast<int>(line->get_int64()) : 0,
          .message = TextAt(facts, "message"),
          .hint = TextAt(facts, "hint")};
}

// Why nothing was begun: what is found before a run begins is told in its answer only.
void LogErrors(const JournaledRun& run, const CommandAnswer& answer) {
  const json::value* list = answer.document.if_contains("diagnostics");
  if (list == nullptr || !list->is_array()) return;
  for (const json::value& each : list->get_array()) {
    if (!each.is_object() || TextAt(each.get_object(), "severity") != "error") continue;
    LogDiagnostic(DiagnosticIn(each.get_object()),
                  {{"target", run.order.target}, {"run_id", run.id}});
  }
}

void LogEnd(const JournaledRun& run, const CommandAnswer& answer) {
  LogErrors(run, answer);
  const Outcome outcome = OutcomeOf(answer);
  LogFields fields = {{"target", run.order.target},
                      {"run_id", run.id},
                      {"exit_code", std::int64_t{static_cast<int>(answer.exit_code)}}};
  const std::string next = TextAt(answer.document, "next");
  if (!next.empty()) fields.emplace_back("next", next);
  LogEvent(*outcome.kind, outcome.message, fields);
}

}  // namespace

TargetWorker::TargetWorker(std::shared_ptr<const TargetSettings> settings, const WorkerTools& tools)
    : tools_(tools),
      name_(settings->name),
      metrics_(tools.metrics.ForTarget(name_)),
      settings_(settings),
      database_(settings, tools.clock, metrics_),
      board_(FirstStatus(*settings), [this] { OnStatus(); }),
      told_(FirstStatus(*settings)),
      random_(std::random_device{}()),
      reconciler_({tools_.clock, tools_.journal, board_, *this, random_}, settings),
      thread_([this] { Work(); }) {
  if (settings->apply_on_start) metrics_.OnTrigger(NameOf(RunSource::kStart));
}

TargetWorker::~TargetWorker() {
  RequestEnd();
  thread_.join();
  tools_.metrics.Forget(name_);
}

// ---- Mail --------------------------------------------------------------------------------------

void TargetWorker::Trigger(RunSource source) {
  inbox_.Post([source](Mail& mail) { mail.triggers.insert(source); });
}

void TargetWorker::Wake() {
  inbox_.Post([](Mail&) {});  // the journal is what it looks into
}

void TargetWorker::Refresh() {
  inbox_.Post([](Mail& mail) { mail.refresh = true; });
}

void TargetWorker::OnFolderChange() {
  inbox_.Post([](Mail& mail) { mail.folder_changed = true; });
  tools_.journal.Interrupt(name_);
}

// Shown at once: no order is taken after the answer that says "paused".
void TargetWorker::Pause(bool pause) {
  board_.Update([pause](TargetStatus& status) {
    status.paused = pause;
    if (pause) status.doing = Reconciler::kPaused;
  });
  inbox_.Post([pause](Mail& mail) { mail.pause = pause; });
  tools_.journal.Interrupt(name_);
}

void TargetWorker::UseFromNowOn(std::shared_ptr<const TargetSettings> settings) {
  inbox_.Post([&](Mail& mail) { mail.settings = std::move(settings); });
  tools_.journal.Interrupt(name_);
}

void TargetWorker::RequestEnd() {
  inbox_.Post([](Mail& mail) { mail.end = true; });
  tools_.journal.Interrupt(name_);
}

// ---- The thread --------------------------------------------------------------------------------

void TargetWorker::Work() {
  Mail mail = inbox_.Take();
  for (;;) {
    const Tick tick = StepOrSay(mail);
    board_.Update([&](TargetStatus& status) { status.doing = tick.doing; });
    Tell();
    // What a run has needed is not needed until the next one, which may be months away.
    if (std::exchange(has_run_, false)) malloc_trim(0);
    if (mail.end) break;
    mail = inbox_.Wait(tick.wake);
  }
  EndQueuedRun();
  ended_ = true;
  tools_.on_change();
}

// A bug that shows itself in one target ends neither the agent nor the runs of other targets.
Tick TargetWorker::StepOrSay(const Mail& mail) {
  try {
    return reconciler_.Step(mail);
  } catch (const std::exception& error) {
    return SayBug(error.what());
  }
}

Tick TargetWorker::SayBug(const std::string& what) {
  constexpr Duration kPause = std::chrono::seconds(30);
  const std::string doing = "met a bug of the agent, please report it; tries again: " + what;
  LogEvent(event::kTargetFailed, doing, {{"target", name_}});
  if (const auto active = tools_.journal.ActiveOf(name_)) {
    tools_.journal.End(active->id, AnswerOf(Error(ErrorCode::kInternal, what)));
  }
  board_.Update([&](TargetStatus& status) {
    status.run.reset();
    status.reachable = false;
    status.problem = doing;
  });
  return {tools_.clock.Now() + kPause, doing};
}

void TargetWorker::EndQueuedRun() {
  const auto left = tools_.journal.ActiveOf(name_);
  if (!left) return;
  tools_.journal.End(
      left->id, AnswerOf(Error(ErrorCode::kStopped, "the agent stops, or has this target no longer",
                               "what was not begun was not changed; order it again")));
}

// The metrics show what the status shows, also while a run is under way for hours.
void TargetWorker::OnStatus() {
  metrics_.OnStatus(*board_.Read());
  tools_.on_change();
}

// What has changed, to the log.
void TargetWorker::Tell() {
  const auto now = board_.Read();
  metrics_.OnPool(database_.figures());
  TellSight(*now);
  if (now->doing != told_.doing) LogEvent(event::kTargetChanged, now->doing, {{"target", name_}});
  told_.doing = now->doing;
}

// The database and the folder as they were found. Before a run, too: what it works on comes first.
void TargetWorker::TellSight(const TargetStatus& now) {
  const LogFields fields = {{"target", name_}};
  const bool looked = now.sight != nullptr || !now.problem.empty();
  if (looked && now.reachable && !told_.reachable) {
    LogEvent(event::kDatabaseReached, "the database answers: " + now.database, fields);
  }
  if (!now.reachable && (told_.reachable || told_.problem.empty()) && !now.problem.empty()) {
    LogEvent(event::kDatabaseLost, now.problem, fields);
  }
  if (now.folder != told_.folder && now.folder) {
    LogEvent(event::kFolderTaken,
             std::to_string(now.folder->migrations().size()) + " migrations in \"" +
                 settings_->settings.folder + "\"",
             fields);
    for (const Diagnostic& diagnostic : now.folder->diagnostics()) {
      LogDiagnostic(diagnostic, fields);
    }
  }
  told_.reachable = now.reachable;
  told_.problem = now.problem;
  told_.folder = now.folder;
}

// ---- What the reconciler asks for ---------------------------------------------------------------

void TargetWorker::Use(std::shared_ptr<const TargetSettings> settings) {
  settings_ = settings;
  database_.Use(std::move(settings));
}

std::shared_ptr<const DatabaseSight> TargetWorker::Look(
    const std::shared_ptr<const MigrationFolder>& folder) {
  return database_.Look(folder);
}

void TargetWorker::RequireReadiness() { database_.RequireReadiness(); }

void TargetWorker::OnTrigger(RunSource source) { metrics_.OnTrigger(NameOf(source)); }

CommandAnswer TargetWorker::Run(const JournaledRun& run, const MigrationFolder& folder,
                                const std::shared_ptr<StopSource>& stop) {
  has_run_ = true;
  RunProgressListener progress(run.id, board_, tools_.journal, tools_.clock);
  RunLog log(name_, run.id);
  RunEventWriter events(
      tools_.clock, [&](json::object event) { tools_.journal.Append(run.id, std::move(event)); });
  GivesWay gives_way(inbox_, *stop);
  RunObservers observers({&progress, &log, &metrics_, &events, &gives_way});
  const CommandContext context{.settings = settings_->settings,
                               .clock = tools_.clock,
                               .observer = observers,
                               .stop = stop->tokens(),
                               .confirm = [&](const std::string&) { return ConsentOf(run); },
                               .lookout_sessions = database_.reading(),
                               .memory = &database_.memory()};
  TellSight(*board_.Read());
  LogBegin(run);
  CommandAnswer answer = run.order.direction == Direction::kUp
                             ? RunUpgradeOn(context, folder, run.order.goal)
                             : RunDowngradeOn(context, folder, run.order.goal);
  LogEnd(run, answer);
  return answer;
}

}  // namespace lockstep
