// Makes plans happen: one lock, one session, one migration after the other.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/stop.h"
#include "core/blocker_query.h"
#include "core/goal.h"
#include "core/migration_folder.h"
#include "core/outcome.h"
#include "core/planner.h"
#include "core/table_lock_limits.h"
#include "engine/backup.h"
#include "engine/early_look.h"
#include "engine/hooks.h"
#include "engine/run_observer.h"
#include "engine/server_memory.h"
#include "engine/standby_guard.h"
#include "postgres/backend_control.h"
#include "postgres/bookkeeping.h"
#include "postgres/session.h"

namespace lockstep {

enum class AlembicSync { kAuto, kAlways, kOff };  // kAuto: where the table is there

// What a run needs to know of its target. Defaults are those of the manual.
struct RunSettings {
  BookkeepingNames names;
  std::string owner_role;   // entered for the body only; empty: the login role
  std::string search_path;  // of the body; empty: what the role and database would give
  AlembicSync alembic = AlembicSync::kAuto;
  TableLockLimits table_locks;
  EndingRule ending;  // off: nobody's session is ended
  QueryDisclosure blocker_query = QueryDisclosure::kWithoutConstants;
  std::vector<StandbySettings> standbys;  // looked at before a strong lock
  Duration standby_longest_query = std::chrono::seconds(1);
  std::optional<Duration> migration_lock_wait = std::chrono::seconds(60);  // nothing: for ever
  Duration migration_lock_poll = std::chrono::seconds(1);                  // the longest pause
  // A session that has the lock and is silent for longer gives it up; zero: for as long as it
  // likes.
  Duration migration_lock_idle_limit = std::chrono::seconds(60);
  int reconnects = 5;  // new sessions tried after a lost one
  BackupSettings backup;
  HookSettings hooks;
  std::map<std::string, std::string> variables;  // for ${NAME}; then the environment
};

struct RunRequest {
  Direction direction = Direction::kUp;
  Goal goal;
};

// What a run works with. All of it is borrowed and outlives the run.
struct RunContext {
  const MigrationFolder& folder;
  const RunSettings& settings;
  SessionFactory open;
  ConnectionUrl url;  // for pg_dump
  Clock& clock;
  RunObserver& observer;
  StopTokens stop;
  std::mt19937_64& random;           // jitter
  SessionFactory open_lookout = {};  // for the run's Lookout; empty: as `open`
  ServerMemory* memory = nullptr;    // of earlier runs and looks; nothing: there were none
  EarlyLook* early = nullptr;        // of the first session; nothing: the run opens it
};

// Of each session of a run.
SessionOptions RunSessionOptions(const RunSettings& settings, Direction direction);

// Looks first without the lock and returns at once when there is nothing to do. Otherwise takes the
// migration lock, makes the plan again, and runs it. Throws Error when the world breaks; a lost
// connection is tried again in a new session `reconnects` times first.
// Thread: run.
RunReport Run(const RunContext& context, const RunRequest& request);

}  // namespace lockstep
