// Shows a run as it happens: one line that is rewritten on a terminal, plain lines elsewhere.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "cli/paint.h"
#include "engine/run_observer.h"

namespace lockstep {

// Where progress goes: standard error, or a string in tests.
struct ProgressOutput {
  std::function<void(std::string_view)> write;
  bool terminal = false;
  int columns = 80;
  Paint paint = Paint(false);
};

// Thread: any.
class Progress : public RunObserver {
 public:
  Progress(ProgressOutput output, Clock& clock);

  // Draws the line again, for the seconds in it. Plain output needs no ticks.
  void Tick();
  // Prints a sentence on a line of its own.
  void Say(std::string_view sentence);
  // Takes the line off the terminal: whatever is printed next starts at its beginning.
  void Clear();

  void OnWaitingForMigrationLock(const LockHolder& holder, double waited_seconds) override;
  void OnMigrationLock(double waited_seconds) override;
  void OnPlan(const Plan& plan) override;
  void OnBackup(const std::string& path, long long bytes) override;
  void OnStepBegin(const Step& step, std::size_t index, std::size_t count) override;
  void OnStatement(const Step& step, std::size_t ordinal, std::size_t count,
                   const std::string& kind) override;
  void OnStatementProgress(const StatementProgress& progress) override;
  void OnBlocked(const Step& step, const std::vector<Blocker>& blockers) override;
  void OnRetry(const Step& step, const SqlError& error, double pause_seconds) override;
  void OnStepEnd(const Step& step, const StepReport& report) override;
  void OnNotice(const Notice& notice) override;
  void OnReconnect(const std::string& why) override;
  void OnMessage(const std::string& sentence) override;
  void OnRunEnd(const RunReport& report) override;

 private:
  // The pieces of the line; all of it is guarded by mutex_.
  struct Line {
    std::string counter;    // "[3/7]"
    std::string subject;    // "4c876238cdeb otp fields"
    std::string statement;  // "CREATE INDEX CONCURRENTLY"
    std::string state;      // "building index: scanning table"
    std::string percent;    // " 43 %"
    double done = 0;        // steps, with the fraction of the one that runs
    double count = 0;
    SteadyTime since{};
    bool empty() const { return subject.empty(); }
  };

  // Each of these wants mutex_ held.
  void Print(std::string_view line, Tone tone = Tone::kPlain);
  void Draw();
  void Erase();
  std::string Drawn() const;
  // Says it when it is news: another sentence than the one before, or ten seconds old.
  void Repeat(const std::string& what, const std::string& line);

  std::mutex mutex_;
  ProgressOutput output_;
  Clock& clock_;
  Line line_;
  std::string shown_;  // the line as it stands on the terminal; empty: none does
  std::string last_what_;
  SteadyTime last_said_{};
  std::size_t index_ = 0;
};

}  // namespace lockstep
