#include "agent/events.h"

#include <algorithm>

namespace lockstep {

const std::vector<EventKind>& EventCatalogue() {
  static const std::vector<EventKind> catalogue = [] {
    using namespace event;
    std::vector<EventKind> all = {
        kAgentStarted,       kListening,       kSignalReceived,   kSettingsReloaded,
        kSettingsRefused,    kStateDump,       kAgentStopping,    kAgentLeaves,
        kAgentStopped,       kChangeRequested, kChangeForbidden,  kRequestFailed,
        kTargetChanged,      kTargetFailed,    kDatabaseReached,  kDatabaseLost,
        kFailover,           kFolderTaken,     kDiagnostic,       kRunBegun,
        kRunEnded,           kRunFailed,       kRunDeferred,      kMigrationLockWaiting,
        kMigrationLockTaken, kBackupWritten,   kMigrationBegun,   kStatementBegun,
        kMigrationApplied,   kMigrationFailed, kTableLockBlocked, kTableLockRetry,
        kServerNotice,       kConnectionLost,  kRunMessage,       kLogLinesDropped};
    std::ranges::sort(all, {}, &EventKind::name);
    return all;
  }();
  return catalogue;
}

std::string EventsPage() {
  std::string page =
      "# What the agent logs\n\n"
      "Each line is an event with a name that does not change. `daemon/agent/events.h` is the "
      "source of this page;\n`lockstepd --print-events` prints it.\n\n"
      "Fields: `target`, `run_id`, `revision`, `statement`, `attempt`, `sqlstate`, "
      "`duration_seconds`, `backend_pid`,\n`peer_uid`, `peer_gid`, `peer_pid` where they apply. In "
      "the "
      "journal each is `LOCKSTEP_<NAME>`, the event\n`LOCKSTEP_EVENT`: `journalctl "
      "LOCKSTEP_EVENT=run_failed`.\n\n"
      "| event | level | |\n|---|---|---|\n";
  for (const EventKind& kind : EventCatalogue()) {
    page += "| `" + std::string(kind.name) + "` | " + std::string(NameOf(kind.level)) + " | " +
            std::string(kind.advice) + " |\n";
  }
  return page;
}

}  // namespace lockstep
