#include "commands/recorded_change.h"

#include "base/uuid.h"

namespace lockstep {

HistoryChange PresentChange(const Migration& migration, const std::string& kind) {
  HistoryChange change;
  change.revision = migration.revision;
  change.kind = kind;
  change.parents = migration.parents;
  change.description = migration.description;
  change.up_checksum = migration.up.checksum;
  if (migration.down) {
    change.down_checksum = migration.down->checksum;
    change.down_script = migration.down->text;
  }
  change.irreversible = migration.irreversible.value_or("");
  change.attempt = NewUuid();
  change.duration_seconds = 0;
  return change;
}

HistoryChange AbsentChange(const HistoryEntry& entry, const std::string& kind) {
  HistoryChange change;
  change.revision = entry.revision;
  change.present = false;
  change.kind = kind;
  change.parents = entry.parents;
  change.description = entry.description;
  change.up_checksum = entry.up_checksum;
  change.attempt = NewUuid();
  change.duration_seconds = 0;
  return change;
}

}  // namespace lockstep
