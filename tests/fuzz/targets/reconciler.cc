// The input is what happens to an agent's target, two bytes each: what, and how much of it. After
// each the reconciler does what is due.
#include "agent/reconciler.h"

#include <array>
#include <functional>

#include "fuzz/oracle.h"
#include "fuzz/targets.h"
#include "support/manual_clock.h"
#include "support/temporary_folder.h"

namespace lockstep {
namespace {

constexpr std::size_t kMostEvents = 64;

CommandAnswer AnswerWithState(const std::string& state, ExitCode code) {
  return {{{"state", state}}, code};
}

// A database whose looks and runs end as the input says.
class FuzzedPort : public TargetPort {
 public:
  explicit FuzzedPort(RunJournal& journal) : journal_(journal) {}

  void Use(std::shared_ptr<const TargetSettings>) override {}
  void OnTrigger(RunSource) override {}
  void RequireReadiness() override {
    if (refuses) throw Error(ErrorCode::kStandby, "the server is a standby");
  }
  bool ForbidsToBegin() const override { return forbids; }
  std::shared_ptr<const DatabaseSight> Look(
      const std::shared_ptr<const MigrationFolder>&) override {
    if (away) throw Error(ErrorCode::kUnreachable, "nobody answers");
    return std::make_shared<const DatabaseSight>(sight);
  }

  CommandAnswer Run(const JournaledRun& run, const MigrationFolder& folder,
                    const std::shared_ptr<StopSource>& stop) override {
    Hold(!running_, "one run at a time");
    Hold(!paused, "a target that is paused begins nothing");
    Hold(!forbids, "nothing is begun while mail waits that goes before it");
    const auto active = journal_.ActiveOf("shop");
    Hold(active && active->id == run.id, "what runs stands in the journal");
    if (run.order.source != RunSource::kApi) {
      Hold(folder.ok(), "by itself the agent runs no folder with errors");
      Hold(run.order.direction == Direction::kUp, "by itself the agent rolls nothing back");
      Hold(!sight.pending.empty() || away || stale,
           "by itself the agent runs for something pending");
    }
    running_ = true;
    CommandAnswer answer = End(run, *stop);
    running_ = false;
    stale = false;
    ++runs;
    return answer;
  }

  DatabaseSight sight;
  bool away = false, forbids = false, paused = false;
  bool stale = false;    // the database was changed since the last look
  bool refuses = false;  // a database that answers, and takes no run
  int outcome = 0;
  int runs = 0;

 private:
  CommandAnswer End(const JournaledRun& run, StopSource& stop) {
    switch (outcome % 8) {
      case 1:
        sight.failed = sight.pending;
        return AnswerWithState("failed", ExitCode::kBadMigration);
      case 2:
        return AnswerWithState("busy", ExitCode::kTemporary);
      case 3:
        return AnswerWithState("deferred", ExitCode::kTemporary);
      case 4:
        return AnswerOf(Error(ErrorCode::kConnectionLost, "gone"));
      case 5:
        away = true;
        return AnswerOf(Error(ErrorCode::kInDoubt, "gone at the commit"));
      case 6:
        journal_.RequestStop(run.id, true);
        return AnswerWithState("stopped", ExitCode::kTemporary);
      case 7:
        // Gives way to something else; once, or it would give way for ever.
        outcome = 0;
        stop.RequestAfterCurrent();
        return AnswerWithState("stopped", ExitCode::kTemporary);
      default:
        sight.applied.insert(sight.pending.begin(), sight.pending.end());
        sight.pending.clear();
        return AnswerWithState("done", ExitCode::kDone);
    }
  }

  RunJournal& journal_;
  bool running_ = false;
};

class World {
 public:
  World() : port_(journal_) {
    Pair("a");
    settings_.name = "shop";
    settings_.settings.folder = folder_.path();
    port_.sight.pending = {"a"};
    reconciler_.emplace(ReconcilerTools{clock_, journal_, board_, port_, random_},
                        std::make_shared<const TargetSettings>(settings_));
    Step({});
  }

  void Happen(unsigned what, unsigned much) {
    Mail mail;
    Change(what, much, mail);
    if (mail.pause) port_.paused = *mail.pause;
    Step(mail);
  }

  // Once the world is good again, a trigger is answered, and nothing is left over.
  void HoldEnd() {
    port_.away = port_.refuses = port_.forbids = port_.paused = false;
    port_.outcome = 0;
    folder_.Remove("broken.up.sql");
    port_.sight.pending = {"a"};
    Step({.triggers = {RunSource::kSignal},
          .folder_changed = true,
          .refresh = false,
          .pause = false});
    for (int i = 0; i < 20 && !IsAtRest(); ++i) {
      clock_.Advance(std::max(tick_.wake - clock_.Now(), Duration{}));
      Step({});
    }
    Hold(IsAtRest(), "in a good world a trigger is answered", tick_.doing);
  }

 private:
  void Pair(const std::string& stem) {
    folder_.Write(stem + ".up.sql", "select 1;\n");
    folder_.Write(stem + ".down.sql", "select 1;\n");
  }

  bool IsAtRest() { return port_.sight.pending.empty() && !journal_.ActiveOf("shop"); }

  void Change(unsigned what, unsigned much, Mail& mail) {
    constexpr std::array<std::chrono::milliseconds, 8> kSpans = {
        std::chrono::milliseconds(0),      std::chrono::milliseconds(1),
        std::chrono::milliseconds(250),    std::chrono::milliseconds(2000),
        std::chrono::milliseconds(9999),   std::chrono::milliseconds(60000),
        std::chrono::milliseconds(300000), std::chrono::milliseconds(3600000)};
    switch (what % 15) {
      case 0:
        return clock_.Advance(kSpans[much % kSpans.size()]);
      case 1:
        mail.triggers.insert(static_cast<RunSource>(much % 5));
        return;
      case 2:
        mail.pause = much % 2 == 1;
        return;
      case 3:
        port_.away = much % 2 == 1;
        return;
      case 4:
        port_.outcome = static_cast<int>(much);
        return;
      case 5:
        Submit(much);
        return;
      case 6:
        if (const auto active = journal_.ActiveOf("shop"))
          journal_.RequestStop(active->id, much % 2 == 1);
        return;
      case 7:
        port_.stale = true;
        port_.sight.pending =
            much % 2 == 1 ? std::vector<std::string>{"a"} : std::vector<std::string>();
        return;
      case 8:
        folder_.Write("broken.up.sql", "-- revises: nobody\nselect 1;\n");
        mail.folder_changed = true;
        return;
      case 9:
        folder_.Remove("broken.up.sql");
        mail.folder_changed = much % 2 == 1;
        return;
      case 10:
        port_.forbids = much % 2 == 1;
        return;
      case 11:
        mail.settings = Settings(much);
        return;
      case 12:
        mail.refresh = true;
        return;
      case 13:
        port_.refuses = much % 2 == 1;
        return;
      default:
        clock_.Advance(std::max(tick_.wake - clock_.Now(), Duration{}));
    }
  }

  std::shared_ptr<const TargetSettings> Settings(unsigned much) {
    settings_.apply_on_change = (much & 1U) != 0;
    settings_.apply_interval.reset();
    if ((much & 2U) != 0) settings_.apply_interval = std::chrono::minutes(1);
    settings_.folder_settle = std::chrono::milliseconds((much & 4U) != 0 ? 0 : 2000);
    settings_.refresh = std::chrono::milliseconds((much & 8U) != 0 ? 1 : 10000);
    return std::make_shared<const TargetSettings>(settings_);
  }

  void Submit(unsigned much) {
    const bool up = (much & 1U) == 0;
    const std::string key = (much & 2U) != 0 ? "key" : "";
    const bool active = journal_.ActiveOf("shop").has_value();
    const auto answer = journal_.Submit({.target = "shop",
                                         .direction = up ? Direction::kUp : Direction::kDown,
                                         .goal = up ? "head" : "-1"},
                                        key);
    const auto* taken = std::get_if<OrderTaken>(&answer);
    Hold(!active || taken == nullptr || taken->again, "a target has one order at a time");
  }

  void Step(const Mail& mail) {
    tick_ = reconciler_->Step(mail);
    Hold(!tick_.doing.empty(), "it says what it does");
    Hold(tick_.wake <= clock_.Now() + std::chrono::hours(24), "it wakes again");
    Hold(board_.Read()->doing == tick_.doing, "the picture says what it does");
    HoldNoSpin();
  }

  // With nothing new, and no time gone by, there is soon nothing to do.
  void HoldNoSpin() {
    if (port_.forbids || port_.paused) return;
    for (int i = 0; i < 8 && tick_.wake <= clock_.Now(); ++i) tick_ = reconciler_->Step({});
    Hold(tick_.wake > clock_.Now(), "it does not spin", tick_.doing);
  }

  TemporaryFolder folder_;
  // A year ahead: the folder has been at rest for long.
  ManualClock clock_{std::chrono::system_clock::now() + std::chrono::hours(24 * 365)};
  TargetSettings settings_;
  RunJournal journal_{clock_, [] {}};
  StatusBoard board_{{}, [] {}};
  FuzzedPort port_;
  std::mt19937_64 random_{1};
  std::optional<Reconciler> reconciler_;
  Tick tick_;
};

}  // namespace

void FuzzReconciler(std::string_view input) {
  World world;
  for (std::size_t at = 0; at + 1 < input.size() && at < 2 * kMostEvents; at += 2) {
    world.Happen(static_cast<unsigned char>(input[at]), static_cast<unsigned char>(input[at + 1]));
  }
  world.HoldEnd();
}

}  // namespace lockstep
