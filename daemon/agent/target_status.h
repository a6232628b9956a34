// A target as the agent sees it: an immutable picture, made by the target's thread, looked at by
// HTTP, metrics and systemd.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "core/blocker.h"
#include "core/database_state.h"
#include "core/migration_folder.h"

namespace lockstep {

// What the run that is under way is doing.
struct RunProgress {
  std::string run_id;
  bool leader = false;   // holds the migration lock; else it waits for it
  std::string holder;    // a sentence about who holds it, while we wait
  std::size_t step = 0;  // from 1; 0: none was begun
  std::size_t steps = 0;
  std::string revision;
  std::string description;
  std::string statement;  // its kind, outside a transaction
  std::string phase;      // "building index: scanning table"
  double fraction = -1;   // of the statement; -1: not known
  WallTime step_began_at{};
  std::vector<Blocker> blockers;  // in whose way we do not want to be, or whom we wait for
};

// What the last look at the database found. Kept while the database is away.
struct DatabaseSight {
  DatabaseState state = DatabaseState::kEmpty;
  std::set<std::string, std::less<>> applied;
  std::vector<std::string> pending;
  std::vector<std::string> failed;  // not applied, its last attempt failed or awaits resolution
  std::vector<std::string> deferred;
  std::vector<std::string> ahead;    // applied, not in this folder
  std::vector<std::string> changed;  // their files are not what was applied
  std::vector<std::string> invalid_indexes;
  std::vector<Blocker> blockers;  // of our sessions, or of the next migration
  int victims = 0;
  double worst_victim_wait_seconds = 0;
  bool server_verified = false;  // or on this machine
  WallTime last_change_at{};     // the newest entry of the history; 0: none
  bool lost = false;             // this look found that a failover has undone migrations
  // The commands' documents, as docs/json.md has them.
  json::object status, history, plan, blocker_document;
};

struct TargetStatus {
  std::string name;
  std::string database;  // redacted URL
  std::string doing;     // one sentence about what it does or waits for
  bool paused = false;
  bool reachable = false;
  std::string problem;  // why not, or what is wrong with the folder or the settings
  // Why a database that answers is left alone: the error's code, "standby". Empty: it is not.
  std::string passive;
  bool folder_ok = true;
  WallTime looked_at{};  // when `sight` was taken
  SteadyTime looked_steady{};
  // How old it may be and still speak for the database.
  Duration fresh_for = std::chrono::seconds(15);
  std::shared_ptr<const DatabaseSight> sight;  // null: the database was never reached
  std::optional<RunProgress> run;
  std::shared_ptr<const MigrationFolder> folder;  // null: it was never read
  bool ready_when_ahead = true;
};

}  // namespace lockstep
