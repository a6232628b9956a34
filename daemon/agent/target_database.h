// One target's database as its thread looks at it: a pool for reading, and one look after the
// other.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "agent/metrics.h"
#include "agent/target_status.h"
#include "commands/agent_settings.h"
#include "commands/target_access.h"
#include "engine/server_memory.h"
#include "postgres/connection_pool.h"

namespace lockstep {

// Thread: its target's; what `reading` gives may be used by a run's watcher too.
class TargetDatabase {
 public:
  TargetDatabase(std::shared_ptr<const TargetSettings> settings, Clock& clock,
                 TargetMetrics& metrics);

  // From now on. REQUIRES: no session of the pool is lent.
  void Use(std::shared_ptr<const TargetSettings> settings);

  // Asks whether anything has changed, and reads again what has. Throws Error.
  std::shared_ptr<const DatabaseSight> Look(const std::shared_ptr<const MigrationFolder>& folder);

  // Whether a run would be taken, in a session as a run has it. Throws Error when not.
  void RequireReadiness() const;

  // What looks and runs have seen of the server.
  ServerMemory& memory() { return memory_; }
  // Sessions of the pool, which never change anything.
  SessionFactory reading() { return pool_->factory(); }
  PoolFigures figures() const { return pool_->figures(); }

 private:
  void OpenPool();
  // Whether it has undone migrations.
  bool MeetServer(const OpenedSession& opened);
  void Remember(const std::shared_ptr<const MigrationFolder>& folder, const std::string& mark,
                Session& session);
  void ReadRarely(Session& session, DatabaseSight& sight);

  std::shared_ptr<const TargetSettings> settings_;
  Clock& clock_;
  TargetMetrics& metrics_;
  std::unique_ptr<ConnectionPool> pool_;
  ServerMemory memory_;
  // Of the last look at the history.
  std::string mark_;
  std::shared_ptr<const MigrationFolder> folder_;
  std::optional<lockstep::Look> look_;
  std::shared_ptr<const DatabaseSight> sight_;
  SteadyTime rarely_due_{};
};

}  // namespace lockstep
