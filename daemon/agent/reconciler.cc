#include "agent/reconciler.h"

#include <algorithm>
#include <utility>

#include "base/document.h"
#include "base/text.h"
#include "core/duration.h"

namespace lockstep {
namespace {

constexpr Duration kFirstPause = std::chrono::milliseconds(200);
constexpr Duration kLongestPause = std::chrono::seconds(30);
constexpr Duration kNever = std::chrono::hours(24);
// However many wait for a fresh picture, the database is not asked more often than that.
constexpr Duration kBetweenLooks = std::chrono::milliseconds(500);
// A picture may be as old as interface and settings say, and a look takes a moment itself.
constexpr Duration kFreshForReadiness = std::chrono::seconds(10);
constexpr Duration kMoment = std::chrono::seconds(5);

// The code of an answer that says that something broke; empty for any other.
std::string ErrorCodeOf(const CommandAnswer& answer) {
  return TextAt(ObjectAt(answer.document, "error"), "code");
}

std::string StateOf(const CommandAnswer& answer) { return TextAt(answer.document, "state"); }

bool IsOfTheAgent(const JournaledRun& run) { return run.order.source != RunSource::kApi; }

Backoff NewBackoff(std::mt19937_64& random) { return {kFirstPause, kLongestPause, random}; }

FolderTimes TimesOf(const TargetSettings& settings) {
  return {.settle = settings.folder_settle, .rescan = settings.folder_rescan};
}

}  // namespace

Reconciler::Reconciler(const ReconcilerTools& tools, std::shared_ptr<const TargetSettings> settings)
    : tools_(tools),
      settings_(std::move(settings)),
      folder_(settings_->settings.folder, TimesOf(*settings_), tools.clock),
      look_backoff_(NewBackoff(tools.random)),
      run_backoff_(NewBackoff(tools.random)) {
  if (settings_->apply_on_start) Wish(RunSource::kStart);
  if (settings_->apply_interval) interval_due_ = tools_.clock.Now() + *settings_->apply_interval;
}

Tick Reconciler::Step(const Mail& mail) {
  Take(mail);
  LookAtFolder(!mail.settings);
  WishByTheClock();
  LookAtDatabase();
  DropHopelessRun();
  while (const auto run = mail.end ? std::nullopt : NextRun()) {
    // Asked once the run stands in the journal: who wants our end from now on finds it there.
    if (tools_.port.ForbidsToBegin()) break;
    RunNow(*run);
    // Whatever came meanwhile is seen to first.
    if (tools_.journal.Find(run->id)->phase != RunPhase::kEnded) break;
  }
  Publish();
  return {NextWake(), Doing()};
}

void Reconciler::Take(const Mail& mail) {
  if (mail.settings) Use(mail.settings);
  if (mail.pause) paused_ = *mail.pause;
  if (mail.folder_changed) folder_.ExpectChange();
  if (mail.refresh) look_due_ = std::min(look_due_, looked_ + kBetweenLooks);
  for (const RunSource source : mail.triggers) {
    tools_.port.OnTrigger(source);
    Wish(source);
    wish_not_before_ = {};
    look_due_ = {};
    folder_.ExpectChange();
  }
}

void Reconciler::Use(std::shared_ptr<const TargetSettings> settings) {
  settings_ = std::move(settings);
  tools_.port.Use(settings_);
  folder_.Use(settings_->settings.folder, TimesOf(*settings_));
  interval_due_.reset();
  if (settings_->apply_interval) interval_due_ = tools_.clock.Now() + *settings_->apply_interval;
  look_due_ = {};
}

void Reconciler::Wish(RunSource source) { wish_ = source; }

// A folder that is read for the first time, or again because of a reload, is no reason to run.
void Reconciler::LookAtFolder(bool may_wish) {
  const bool first = !folder_.was_taken();
  if (folder_.Look() != KeptFolder::Sight::kTaken) return;
  look_due_ = {};
  if (first || !may_wish || !settings_->apply_on_change) return;
  tools_.port.OnTrigger(RunSource::kFolder);
  Wish(RunSource::kFolder);
}

void Reconciler::WishByTheClock() {
  const SteadyTime now = tools_.clock.Now();
  if (interval_due_ && now >= *interval_due_) {
    interval_due_ = now + settings_->apply_interval.value_or(kNever);
    tools_.port.OnTrigger(RunSource::kInterval);
    Wish(RunSource::kInterval);
    look_due_ = {};
  }
  if (deferred_due_ && now >= *deferred_due_) {
    deferred_due_.reset();
    tools_.port.OnTrigger(RunSource::kDeferred);
    Wish(RunSource::kDeferred);
    look_due_ = {};
  }
}

void Reconciler::LookAtDatabase() {
  if (tools_.clock.Now() < look_due_) return;
  try {
    sight_ = tools_.port.Look(folder_.folder());
    reachable_ = true;
    problem_.clear();
    if (passive_ == NameOf(ErrorCode::kOldPrimary)) BeActive();
    look_backoff_.Reset();
    look_due_ = tools_.clock.Now() + settings_->refresh;
    tools_.board.Update([this](TargetStatus& status) {
      status.looked_at = tools_.clock.WallNow();
      status.looked_steady = tools_.clock.Now();
    });
    if (sight_->lost) WishForWhatWasLost();
  } catch (const Error& error) {
    reachable_ = false;
    problem_ = error.what();
    if (error.code() == ErrorCode::kOldPrimary) BePassive(error);
    look_due_ = tools_.clock.Now() + look_backoff_.Next();
  }
  looked_ = tools_.clock.Now();
}

// As an agent that starts now would: what a failover has undone was wanted once.
void Reconciler::WishForWhatWasLost() {
  if (!settings_->apply_on_start) return;
  tools_.port.OnTrigger(RunSource::kFailover);
  Wish(RunSource::kFailover);
}

void Reconciler::BePassive(const Error& error) {
  passive_ = NameOf(error.code());
  passive_why_ = error.what();
}

void Reconciler::BeActive() {
  passive_.clear();
  passive_why_.clear();
}

// ---- Runs --------------------------------------------------------------------------------------

// A run that was taken back before it began, or that cannot begin.
void Reconciler::DropHopelessRun() {
  const auto active = tools_.journal.ActiveOf(settings_->name);
  if (!active || active->phase != RunPhase::kQueued) return;
  if (active->stopping) {
    Conclude(*active, AnswerOf(Error(ErrorCode::kStopped, "stopped before it began",
                                     "nothing was changed")));
  } else if (folder_.unreadable()) {
    Conclude(*active, AnswerOf(Error(ErrorCode::kFileRead, folder_.problem(),
                                     "nothing was changed; check the folder's name and its "
                                     "permissions")));
  } else if (IsOfTheAgent(*active) && MayRun() && !folder_.folder()->ok()) {
    // It gave way, and the folder has changed since. An order is answered with the diagnostics.
    Conclude(*active, AnswerOf(Error(ErrorCode::kStopped, "the migrations have errors by now",
                                     "trigger a run once they are mended")));
  }
}

bool Reconciler::MayRun() const { return !paused_ && folder_.at_rest(); }

std::optional<JournaledRun> Reconciler::NextRun() {
  if (!MayRun()) return {};
  const auto active = tools_.journal.ActiveOf(settings_->name);
  if (!active) return RunForWish();
  if (IsOfTheAgent(*active)) return active;
  // Whoever has mended a file and gives an order means the file as it is now. The order may be seen
  // in the journal before its mail has come.
  folder_.ExpectChange();
  LookAtFolder(true);
  return MayRun() ? active : std::nullopt;
}

std::optional<JournaledRun> Reconciler::RunForWish() {
  if (!wish_ || !reachable_ || tools_.clock.Now() < wish_not_before_) return {};
  // Its diagnostics are shown; a better folder brings a wish of its own.
  if (!folder_.folder()->ok() || sight_->pending.empty()) {
    wish_.reset();
    deferred_due_.reset();
    BeActive();
    return {};
  }
  if (!WouldBeTaken()) {
    TryAgainLater(*wish_);
    return {};
  }
  const OrderAnswer answer = tools_.journal.Submit({.target = settings_->name,
                                                    .direction = Direction::kUp,
                                                    .goal = settings_->goal,
                                                    .source = *wish_});
  // Somebody's order has just come in: it goes first.
  if (const auto* conflict = std::get_if<OrderConflict>(&answer)) return conflict->run;
  return std::get<OrderTaken>(answer).run;
}

// Asked without a run, so that what may last for months fills neither the journal nor the log.
bool Reconciler::WouldBeTaken() {
  try {
    tools_.port.RequireReadiness();
    BeActive();
    return true;
  } catch (const Error& error) {
    BePassive(error);
    return false;
  }
}

void Reconciler::RunNow(const JournaledRun& run) {
  under_way_ = WordsOf(run.order);
  Publish();
  const auto stop = std::make_shared<StopSource>();
  tools_.journal.Begin(run.id, stop);
  CommandAnswer answer = tools_.port.Run(run, *folder_.folder(), stop);
  // Who hears of the end finds the database as the run has left it.
  look_due_ = {};
  LookAtDatabase();
  tools_.board.Update([](TargetStatus& status) { status.run.reset(); });
  under_way_.clear();
  Publish();
  if (WasInterrupted(run, answer, *stop)) {
    tools_.journal.SetPhase(run.id, RunPhase::kQueued);
  } else {
    Conclude(run, std::move(answer));
  }
}

// Nobody wanted its end: it gave way while it only waited, and goes on later.
bool Reconciler::WasInterrupted(const JournaledRun& run, const CommandAnswer& answer,
                                const StopSource& stop) const {
  const bool stopped = StateOf(answer) == "stopped" || ErrorCodeOf(answer) == "stopped";
  return stopped && stop.requested() && !tools_.journal.Find(run.id)->stopping;
}

void Reconciler::Conclude(const JournaledRun& run, CommandAnswer answer) {
  if (IsOfTheAgent(run)) {
    ConcludeWish(run, answer);
  } else if (run.order.direction == Direction::kDown) {
    // Who rolls back does not want it applied again behind his back.
    wish_.reset();
    deferred_due_.reset();
  }
  tools_.journal.End(run.id, std::move(answer));
}

void Reconciler::ConcludeWish(const JournaledRun& run, const CommandAnswer& answer) {
  const std::string code = ErrorCodeOf(answer);
  const bool broke = !code.empty() && code != "stopped" && code != "usage";
  if (broke || StateOf(answer) == "busy") return TryAgainLater(run.order.source);
  run_backoff_.Reset();
  wish_.reset();
  deferred_due_.reset();
  if (StateOf(answer) == "deferred") {
    deferred_due_ = tools_.clock.Now() + settings_->retry_deferred;
  }
}

void Reconciler::TryAgainLater(RunSource source) {
  wish_ = source;
  wish_not_before_ = tools_.clock.Now() + run_backoff_.Next();
}

// ---- What it says ------------------------------------------------------------------------------

SteadyTime Reconciler::NextWake() const {
  SteadyTime wake = std::min(look_due_, folder_.next_look());
  if (interval_due_) wake = std::min(wake, *interval_due_);
  if (deferred_due_) wake = std::min(wake, *deferred_due_);
  if (!MayRun()) return wake;
  if (wish_ && reachable_) wake = std::min(wake, wish_not_before_);
  if (tools_.journal.ActiveOf(settings_->name)) wake = {};
  return wake;
}

std::string Reconciler::Doing() const {
  if (!under_way_.empty()) return under_way_ + " is under way";
  if (paused_) return kPaused;
  if (!folder_.at_rest()) return folder_.problem();
  if (!reachable_) return "waits for the database: " + problem_;
  if (!folder_.folder()->ok()) return "the migrations have errors; waits for better ones";
  if (!sight_->failed.empty()) {
    return "revision \"" + sight_->failed.front() + "\" failed; waits for a trigger";
  }
  const bool pending = !sight_->pending.empty();
  if (deferred_due_ && pending)
    return "a migration was deferred; tries again in a while, or at a trigger";
  if (wish_ && pending && !passive_.empty()) return "passive: " + passive_why_;
  if (wish_ && pending) return "tries again soon";
  if (pending) {
    return std::to_string(sight_->pending.size()) + " pending; waits for a trigger";
  }
  return sight_->ahead.empty() ? "up to date" : "up to date; the database is ahead of this folder";
}

void Reconciler::Publish() {
  tools_.board.Update([this](TargetStatus& status) {
    status.name = settings_->name;
    if (settings_->settings.url) status.database = settings_->settings.url->Redacted();
    status.doing = Doing();
    status.reachable = reachable_;
    status.passive = passive_;
    status.folder_ok = folder_.was_taken() && folder_.folder()->ok();
    status.problem = !reachable_ ? problem_ : folder_.problem();
    if (status.problem.empty() && !status.folder_ok) status.problem = "the migrations have errors";
    status.sight = sight_;
    if (folder_.was_taken()) status.folder = folder_.folder();
    status.ready_when_ahead = settings_->ready_when_ahead;
    status.fresh_for = std::max(kFreshForReadiness, settings_->refresh) + kMoment;
  });
}

}  // namespace lockstep
