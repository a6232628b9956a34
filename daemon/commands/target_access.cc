#include "commands/target_access.h"

#include <utility>

#include "base/error.h"
#include "base/file_tree.h"
#include "commands/documents.h"
#include "commands/password_file.h"
#include "engine/adoption.h"
#include "engine/migration_lock.h"
#include "postgres/require_writable.h"

namespace lockstep {
namespace {

// The key of the lock that is held from now on.
struct HeldKey {
  LockKey operator()(const MigrationLock& lock) const { return lock.key; }
  LockKey operator()(const LockBusy& busy) const {
    throw Error(ErrorCode::kBusy, "the migration lock is held by " + busy.holder,
                "wait for it; \"lockstep lock show\" tells who it is");
  }
  LockKey operator()(const LockNotNeeded&) const {
    throw Error(ErrorCode::kInternal, "a lock that is always needed was called not needed");
  }
  LockKey operator()(const Stopped&) const {
    throw Error(ErrorCode::kStopped, "stopped while waiting for the migration lock",
                "nothing was changed");
  }
};

ConnectionUrl WithPasswordFile(const ConnectionUrl& url, const Settings& settings) {
  if (settings.password_file.empty()) return url;
  return url.With("password", ReadPasswordFile(settings.password_file));
}

}  // namespace

MigrationFolder LoadFolder(const Settings& settings) {
  DiskFileTree files(settings.folder);
  return MigrationFolder::Load(files);
}

CommandAnswer Refuse(const std::string& message, const Diagnostics& diagnostics) {
  return {json::object{{"message", message}, {"diagnostics", ToJson(diagnostics)}},
          ExitCode::kBadMigration};
}

std::optional<CommandAnswer> RefuseFolder(const MigrationFolder& folder) {
  if (folder.ok()) return std::nullopt;
  return Refuse("the migrations have errors; nothing was done", folder.diagnostics());
}

ConnectionUrl TargetUrl(const Settings& settings) {
  if (!settings.url) {
    throw Error(ErrorCode::kBadSettings, "no database is configured",
                "give --database-url, or set DATABASE_URL");
  }
  return WithPasswordFile(*settings.url, settings);
}

std::string TargetName(const Settings& settings) {
  return settings.url ? settings.url->Redacted() : "";
}

SessionFactory TargetSessions(const Settings& settings) {
  return [&settings](const SessionOptions& options) {
    return OpenSession(TargetUrl(settings), options);
  };
}

std::vector<StandbySettings> StandbySessions(const Settings& settings) {
  std::vector<StandbySettings> standbys;
  for (const ConnectionUrl& url : settings.standby_urls) {
    standbys.push_back({url.Redacted(), [&settings, url](const SessionOptions& options) {
                          const bool own = !url.Get("password").empty();
                          return OpenSession(own ? url : WithPasswordFile(url, settings), options);
                        }});
  }
  return standbys;
}

SeenTarget LookAtTarget(const Settings& settings, const std::string& purpose) {
  OpenedSession opened = TargetSessions(settings)({.purpose = purpose});
  Look look = ReadLook(*opened.session, settings.run.names);
  return {std::move(opened), std::move(look)};
}

std::optional<SeenTarget> LookIfConfigured(const Settings& settings, const std::string& purpose) {
  if (!settings.url) return std::nullopt;
  return LookAtTarget(settings, purpose);
}

std::optional<LockKey> MigrationLockKey(const Look& look) {
  if (!look.bookkeeping.history_oid) return std::nullopt;
  return LockKey{kMigrationLockSpace, *look.bookkeeping.history_oid};
}

std::optional<LockHolder> FindHolder(const SeenTarget& seen) {
  const std::optional<LockKey> key = MigrationLockKey(seen.look);
  return key ? FindLockHolder(seen.session(), *key) : std::nullopt;
}

void WithMigrationLock(const CommandContext& context, const std::string& purpose,
                       const std::function<void(LockedTarget&)>& work) {
  const RunSettings& settings = context.settings.run;
  const SessionFactory open = TargetSessions(context.settings);
  const OpenedSession opened = open({.purpose = purpose});
  Session& session = *opened.session;
  RequireWritable(session, opened.facts, open);
  std::mt19937_64 random(std::random_device{}());
  const LockKey key =
      std::visit(HeldKey{}, AcquireMigrationLock(session, settings, context.clock, context.observer,
                                                 random, context.stop));
  RunIdentity run = BumpFence(session, settings.names);
  LockedTarget target{session, ReadLook(session, settings.names), std::move(run)};
  work(target);
  Unlock(session, key);
}

std::optional<CommandAnswer> RefuseUnadopted(const RunSettings& settings, const Look& look) {
  const std::optional<Diagnostic> diagnostic = FindUnadoptedAlembic(look, settings.names);
  if (!diagnostic) return std::nullopt;
  CommandAnswer answer = Refuse("nothing was done", {*diagnostic});
  answer.document["next"] = "lockstep adopt alembic";
  return answer;
}

void RequireConfirmation(const Confirm& confirm, const std::string& question) {
  const std::optional<bool> agreed = confirm ? confirm(question) : std::nullopt;
  if (!agreed) {
    throw Error(ErrorCode::kUsage,
                "there is nobody to answer \"" + question + "\"; nothing was changed",
                "add --yes when you are sure");
  }
  if (!*agreed) throw Error(ErrorCode::kStopped, "not confirmed; nothing was changed");
}

}  // namespace lockstep
