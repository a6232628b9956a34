// What nearly every command begins with: the folder, a session to the database, a look at it.
#pragma once

#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "commands/command.h"
#include "core/migration_folder.h"
#include "postgres/advisory_lock.h"
#include "postgres/history_table.h"
#include "postgres/session.h"

namespace lockstep {

MigrationFolder LoadFolder(const Settings& settings);
// The answer that says why nothing was done: exit code 65.
CommandAnswer Refuse(const std::string& message, const Diagnostics& diagnostics);
// The answer that says what is wrong with the files; nothing when they are good.
std::optional<CommandAnswer> RefuseFolder(const MigrationFolder& folder);

// The configured URL with the password that its file holds at this moment. Throws Error
// kBadSettings when no database is configured, or others may read the file.
ConnectionUrl TargetUrl(const Settings& settings);
// "postgresql://app@db:5432/shop".
std::string TargetName(const Settings& settings);
// Reads the password file again for each session, so that a rotated password is picked up.
SessionFactory TargetSessions(const Settings& settings);

// The standbys that are looked at before a strong table lock, with the same password where their
// URL has none.
std::vector<StandbySettings> StandbySessions(const Settings& settings);

// A session that only reads, and what it saw. Works for a reader role, on a standby, and on a
// database without our bookkeeping.
struct SeenTarget {
  OpenedSession opened;
  Look look;

  Session& session() const { return *opened.session; }
  const History& history() const { return look.history; }
};
SeenTarget LookAtTarget(const Settings& settings, const std::string& purpose);
// The same where a database is configured; nothing where none is.
std::optional<SeenTarget> LookIfConfigured(const Settings& settings, const std::string& purpose);

// Nothing while the bookkeeping is not installed: then nobody can hold it.
std::optional<LockKey> MigrationLockKey(const Look& look);
std::optional<LockHolder> FindHolder(const SeenTarget& seen);

// While the migration lock is held.
struct LockedTarget {
  Session& session;
  Look look;  // read under the lock
  RunIdentity run;
};

// Takes the migration lock (installs the bookkeeping first where it is missing), takes the next
// epoch, looks, does `work`, gives the lock back. Throws Error kBusy when the lock is not free in
// time, kStopped on request, and what RequireWritable throws.
void WithMigrationLock(const CommandContext& context, const std::string& purpose,
                       const std::function<void(LockedTarget&)>& work);

// The answer for a database whose history still is Alembic's; nothing for any other.
std::optional<CommandAnswer> RefuseUnadopted(const RunSettings& settings, const Look& look);

// Throws Error kUsage unless a person, or `--yes`, agrees; kStopped when the answer is no.
void RequireConfirmation(const Confirm& confirm, const std::string& question);

}  // namespace lockstep
