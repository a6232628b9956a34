// The catalogue of what the agent logs. docs/events.md is made from it.
#pragma once

#include <string>
#include <vector>

#include "base/log.h"

namespace lockstep {

namespace event {

// ---- The agent itself
inline constexpr EventKind kAgentStarted{"agent_started", LogLevel::kInfo,
                                         "The agent has its settings and its sockets."};
inline constexpr EventKind kListening{"listening", LogLevel::kInfo,
                                      "Requests are taken at this address from now on."};
inline constexpr EventKind kSignalReceived{
    "signal_received", LogLevel::kInfo,
    "Somebody sent a signal; what it means stands in the manual, lockstepd(8)."};
inline constexpr EventKind kSettingsReloaded{"settings_reloaded", LogLevel::kInfo,
                                             "The new settings are in force."};
inline constexpr EventKind kSettingsRefused{
    "settings_refused", LogLevel::kError,
    "The new settings have an error; the old ones stay in force. Correct the file and reload."};
inline constexpr EventKind kStateDump{"state_dump", LogLevel::kInfo,
                                      "The whole state, as /api/v1/status shows it."};
inline constexpr EventKind kAgentStopping{
    "agent_stopping", LogLevel::kInfo,
    "No new migration is begun; the one that runs gets its time."};
inline constexpr EventKind kAgentLeaves{
    "agent_leaves", LogLevel::kWarning,
    "A connection did not end within shutdown.grace and a moment; the agent has left without "
    "waiting for it. The server rolls back what was under way."};
inline constexpr EventKind kAgentStopped{"agent_stopped", LogLevel::kInfo, "The agent has ended."};

// ---- Requests
inline constexpr EventKind kChangeRequested{
    "change_requested", LogLevel::kInfo,
    "Somebody changed something by the API; the fields tell who by uid, gid and pid."};
inline constexpr EventKind kChangeForbidden{
    "change_forbidden", LogLevel::kWarning,
    "Somebody asked for a change without the right to it. Who may: socket.allow_users and "
    "socket.allow_groups."};

inline constexpr EventKind kRequestFailed{
    "request_failed", LogLevel::kError,
    "A request met a bug of the agent; it was answered with 500. Please report it."};

// ---- A target
inline constexpr EventKind kTargetChanged{
    "target_changed", LogLevel::kInfo,
    "What the agent does for this target, or waits for, is new."};
inline constexpr EventKind kTargetFailed{
    "target_failed", LogLevel::kError,
    "Work on a target met a bug of the agent; it goes on in a while. Please report it."};
inline constexpr EventKind kDatabaseReached{"database_reached", LogLevel::kInfo,
                                            "The database answers."};
inline constexpr EventKind kDatabaseLost{
    "database_lost", LogLevel::kWarning,
    "The database does not answer. The agent tries again by itself, less and less often."};
inline constexpr EventKind kFailover{
    "failover", LogLevel::kWarning,
    "Another server leads than before. What the old one had committed and never sent is lost; what "
    "of it the folder holds is applied again."};
inline constexpr EventKind kFolderTaken{"folder_taken", LogLevel::kInfo,
                                        "The folder of migrations was read."};
inline constexpr EventKind kDiagnostic{
    "diagnostic", LogLevel::kWarning,
    "Something is wrong with the migrations' files, or with the plan; nothing is applied while an "
    "error stands."};

// ---- A run
inline constexpr EventKind kRunBegun{"run_begun", LogLevel::kInfo, "A run has begun."};
inline constexpr EventKind kRunEnded{"run_ended", LogLevel::kInfo,
                                     "A run has ended as it should, or on request."};
inline constexpr EventKind kRunFailed{
    "run_failed", LogLevel::kError,
    "A run has ended without its goal. The message says why; \"next\" is the command to type."};
inline constexpr EventKind kRunDeferred{
    "run_deferred", LogLevel::kWarning,
    "A table lock could not be had without making others wait, or the server's disk is full. It is "
    "tried again. See the runbook on deferred migrations."};
inline constexpr EventKind kMigrationLockWaiting{
    "migration_lock_waiting", LogLevel::kInfo,
    "Another replica migrates; this one stands by and takes over when it ends."};
inline constexpr EventKind kMigrationLockTaken{"migration_lock_taken", LogLevel::kInfo,
                                               "This replica leads."};
inline constexpr EventKind kBackupWritten{"backup_written", LogLevel::kInfo,
                                          "The database was saved before the run."};
inline constexpr EventKind kMigrationBegun{"migration_begun", LogLevel::kInfo,
                                           "A migration has begun."};
inline constexpr EventKind kStatementBegun{"statement_begun", LogLevel::kDebug,
                                           "A statement outside a transaction has begun."};
inline constexpr EventKind kMigrationApplied{"migration_applied", LogLevel::kInfo,
                                             "A migration was applied, or rolled back."};
inline constexpr EventKind kMigrationFailed{
    "migration_failed", LogLevel::kError,
    "PostgreSQL refused a migration. Its own changes were undone, if it runs in a transaction."};
inline constexpr EventKind kTableLockBlocked{
    "table_lock_blocked", LogLevel::kInfo,
    "Sessions use the table in a way that would make the application wait behind us; we look "
    "again until they are done."};
inline constexpr EventKind kTableLockRetry{
    "table_lock_retry", LogLevel::kInfo,
    "An attempt at a table lock was given up before the application noticed; another follows."};
inline constexpr EventKind kServerNotice{"server_notice", LogLevel::kDebug,
                                         "What a migration's statements raise as NOTICE."};
inline constexpr EventKind kConnectionLost{
    "connection_lost", LogLevel::kWarning,
    "The run lost its session, and with it the migration lock; it starts again from looking."};
inline constexpr EventKind kRunMessage{"run_message", LogLevel::kWarning,
                                       "Something that the operator should know of a run."};

}  // namespace event

// All of them, by name.
const std::vector<EventKind>& EventCatalogue();
// docs/events.md.
std::string EventsPage();

}  // namespace lockstep
