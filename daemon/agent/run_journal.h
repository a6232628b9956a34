// The runs that the agent was asked for, or decided on: what is queued, what is under way, what the
// last ones came to. Where the doors and the targets' threads meet.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/stop.h"
#include "commands/command.h"
#include "core/plan.h"

namespace lockstep {

// Why a run was wanted.
enum class RunSource { kStart, kSignal, kFolder, kInterval, kDeferred, kFailover, kApi };
std::string_view NameOf(RunSource source);  // "start"

struct RunOrder {
  std::string target;
  Direction direction = Direction::kUp;
  std::string goal;
  bool yes = false;  // agrees to roll back everything
  RunSource source = RunSource::kApi;
  std::string caller;  // a sentence's part about who asked; empty: the agent itself

  // Of two requests with one idempotency key.
  bool AsksTheSame(const RunOrder& other) const {
    return target == other.target && direction == other.direction && goal == other.goal &&
           yes == other.yes;
  }
};

// "upgrade head"
std::string WordsOf(const RunOrder& order);

enum class RunPhase { kQueued, kWaiting, kRunning, kEnded };
std::string_view NameOf(RunPhase phase);  // "queued"

// A run as it stands at one moment.
struct JournaledRun {
  std::string id;  // UUID
  RunOrder order;
  RunPhase phase = RunPhase::kQueued;
  bool stopping = false;  // somebody asked for its end
  WallTime created_at{};
  std::optional<WallTime> started_at, ended_at;
  std::shared_ptr<const CommandAnswer> answer;  // once it has ended
};

// A run's events after some point, as lines of JSON without their newline.
struct RunEvents {
  std::vector<std::string> lines;
  std::uint64_t last = 0;  // sequence number of the last of them, or the one that was given
  bool ended = false;      // no more will come
};

struct OrderTaken {
  JournaledRun run;
  bool again = false;  // the idempotency key was known: no new run
};
// A run of this target is active, or the key belongs to another order.
struct OrderConflict {
  JournaledRun run;
  bool key_reused = false;
};
using OrderAnswer = std::variant<OrderTaken, OrderConflict>;

// Remembers the last hundred runs that have ended, and of each run at most five thousand events or
// 768 KiB of them, 16 MiB of all that have ended; of those that it has no room for, how they ended.
// Thread: any.
class RunJournal {
 public:
  // `on_change` is called by whichever thread changes something, with nothing locked; must not
  // wait.
  RunJournal(const Clock& clock, std::function<void()> on_change);

  OrderAnswer Submit(const RunOrder& order, std::string_view idempotency_key = {});

  // Whether a run was ordered with it, and is remembered.
  bool Knows(std::string_view idempotency_key) const;

  // The target's run that has not ended.
  std::optional<JournaledRun> ActiveOf(std::string_view target) const;
  std::optional<JournaledRun> Find(std::string_view id) const;
  std::vector<JournaledRun> Recent() const;  // active ones too, newest first
  // Nothing: there is no such run.
  std::optional<RunEvents> EventsAfter(std::string_view id, std::uint64_t sequence) const;

  // Says false when it has ended or was never there.
  bool RequestStop(std::string_view id, bool now);
  void RequestStopOfAll(bool now);
  // Makes a run that only waits for the migration lock come back to its thread, which goes on with
  // it later: there is something else to see to.
  void Interrupt(std::string_view target);

  // For the target's thread. `stop` is how the run is asked to end from now on.
  void Begin(const std::string& id, const std::shared_ptr<StopSource>& stop);
  void SetPhase(const std::string& id, RunPhase phase);
  void Append(const std::string& id, json::object event);
  void End(const std::string& id, CommandAnswer answer);

 private:
  struct Line {
    std::uint64_t sequence = 0;
    bool progress = false;  // may be dropped when there are too many
    std::string text;
  };
  struct Entry {
    JournaledRun record;
    std::string idempotency_key;
    bool stop_now = false;
    std::shared_ptr<StopSource> stop;
    std::uint64_t sequence = 0;
    std::deque<Line> lines;
    std::size_t bytes = 0;           // of their texts
    std::size_t progress_lines = 0;  // of `lines`
  };

  // To be passed on with nothing locked, since whoever listens to it acts at once.
  struct StopRequest {
    std::shared_ptr<StopSource> stop;
    bool now = false;
    void PassOn() const;
  };

  // These with mutex_ held.
  Entry* FindEntry(std::string_view id);
  const Entry* FindEntry(std::string_view id) const;
  const Entry* FindActive(std::string_view target) const;
  static StopRequest StopRequestOf(const Entry& entry);
  void AppendTo(Entry& entry, json::object event, bool progress);
  static void DropOne(Entry& entry);
  static void KeepTheLastLine(Entry& entry);
  void ForgetOldest();

  const Clock& clock_;
  std::function<void()> on_change_;
  mutable std::mutex mutex_;
  // Both guarded by mutex_.
  std::list<Entry> entries_;                     // newest first
  std::list<std::list<Entry>::iterator> ended_;  // whose end is longest ago first
};

}  // namespace lockstep
