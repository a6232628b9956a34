// `upgrade` and `downgrade` on a folder that was read before: whoever has checked that a folder is
// whole runs exactly that one.
#pragma once

#include <string>

#include "commands/command.h"
#include "core/migration_folder.h"

namespace lockstep {

// As RunCommand answers, errors included. Neither takes options: the settings say whether there is
// a backup. Thread: run.
CommandAnswer RunUpgradeOn(const CommandContext& context, const MigrationFolder& folder,
                           const std::string& goal);
// Asks by `context.confirm` before it leaves nothing applied.
CommandAnswer RunDowngradeOn(const CommandContext& context, const MigrationFolder& folder,
                             const std::string& goal);

}  // namespace lockstep
