// Decides what should happen next to one target: look at the folder, look at the database, run
// something, or wait.
//
//   trigger --> wish --> folder at rest? --> database answers? --> anything pending? --> run
//                 ^                                                                       |
//                 +---------- the world broke: again, after a pause ---------------------+
//
// Before a run it is asked whether the database would take one: of a standby, a read-only database,
// missing rights or a pooler nothing is seen but the state "passive", until that has changed.
//
// A wish ends when a run has answered it: done, nothing to do, failed (a person has to look), or
// stopped by a person. Orders that came through a door stand in the journal, and go first.
#pragma once

#include <memory>
#include <optional>
#include <random>
#include <string>

#include "agent/inbox.h"
#include "agent/kept_folder.h"
#include "agent/run_journal.h"
#include "agent/status_board.h"
#include "base/error.h"
#include "commands/agent_settings.h"
#include "engine/backoff.h"

namespace lockstep {

// What the reconciler does to the world.
class TargetPort {
 public:
  virtual ~TargetPort() = default;
  virtual void Use(std::shared_ptr<const TargetSettings> settings) = 0;
  // Throws Error when the database does not answer.
  virtual std::shared_ptr<const DatabaseSight> Look(
      const std::shared_ptr<const MigrationFolder>& folder) = 0;
  // Throws Error when a run would be refused before it could begin anything.
  virtual void RequireReadiness() = 0;
  // Returns when the run has ended, however long that takes.
  virtual CommandAnswer Run(const JournaledRun& run, const MigrationFolder& folder,
                            const std::shared_ptr<StopSource>& stop) = 0;
  virtual void OnTrigger(RunSource source) = 0;
  // Something has come by mail that goes before a run: the end, a pause, other settings.
  virtual bool ForbidsToBegin() const = 0;
};

struct ReconcilerTools {
  Clock& clock;
  RunJournal& journal;
  StatusBoard& board;
  TargetPort& port;
  std::mt19937_64& random;  // jitter
};

struct Tick {
  SteadyTime wake;    // when to step again, unless mail comes first
  std::string doing;  // one sentence about what it does or waits for
};

// Thread: its target's.
class Reconciler {
 public:
  static constexpr const char* kPaused = "paused: begins nothing until it is resumed";

  Reconciler(const ReconcilerTools& tools, std::shared_ptr<const TargetSettings> settings);

  // Does what is due. Returns when there is nothing left to do now.
  Tick Step(const Mail& mail);

 private:
  void Take(const Mail& mail);
  void Use(std::shared_ptr<const TargetSettings> settings);
  void LookAtFolder(bool may_wish);
  void LookAtDatabase();
  void Wish(RunSource source);
  void WishByTheClock();
  void DropHopelessRun();
  bool MayRun() const;
  std::optional<JournaledRun> NextRun();
  std::optional<JournaledRun> RunForWish();
  bool WouldBeTaken();
  void WishForWhatWasLost();
  void BePassive(const Error& error);
  void BeActive();
  void RunNow(const JournaledRun& run);
  bool WasInterrupted(const JournaledRun& run, const CommandAnswer& answer,
                      const StopSource& stop) const;
  void Conclude(const JournaledRun& run, CommandAnswer answer);
  void ConcludeWish(const JournaledRun& run, const CommandAnswer& answer);
  void TryAgainLater(RunSource source);
  SteadyTime NextWake() const;
  std::string Doing() const;
  void Publish();

  ReconcilerTools tools_;
  std::shared_ptr<const TargetSettings> settings_;
  KeptFolder folder_;
  Backoff look_backoff_;
  Backoff run_backoff_;
  bool paused_ = false;
  bool reachable_ = false;
  std::string problem_;
  std::string passive_;  // the code of the error for which it leaves the database alone
  std::string passive_why_;
  std::shared_ptr<const DatabaseSight> sight_;
  SteadyTime look_due_{};
  SteadyTime looked_{};  // when the last look was over, whatever came of it
  std::optional<RunSource> wish_;
  SteadyTime wish_not_before_{};
  std::optional<SteadyTime> interval_due_;
  std::optional<SteadyTime> deferred_due_;
  std::string under_way_;  // the order that runs, in words
};

}  // namespace lockstep
