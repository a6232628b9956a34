// What each command does: the functions that the table in commands.cc names. One file each.
#pragma once

#include "commands/command.h"

namespace lockstep {

CommandAnswer RunCurrent(const CommandContext& context, const CommandRequest& request);
CommandAnswer RunHistory(const CommandContext& context, const CommandRequest& request);
CommandAnswer RunHeads(const CommandContext& context, const CommandRequest& request);
CommandAnswer RunBranches(const CommandContext& context, const CommandRequest& request);
CommandAnswer RunShow(const CommandContext& context, const CommandRequest& request);
CommandAnswer RunPlan(const CommandContext& context, const CommandRequest& request);
CommandAnswer RunUpgrade(const CommandContext& context, const CommandRequest& request);
CommandAnswer RunDowngrade(const CommandContext& context, const CommandRequest& request);
CommandAnswer RunStamp(const CommandContext& context, const CommandRequest& request);
CommandAnswer RunVerify(const CommandContext& context, const CommandRequest& request);
CommandAnswer RunStatus(const CommandContext& context, const CommandRequest& request);
CommandAnswer RunWait(const CommandContext& context, const CommandRequest& request);
CommandAnswer RunNew(const CommandContext& context, const CommandRequest& request);
CommandAnswer RunRepair(const CommandContext& context, const CommandRequest& request);
CommandAnswer RunResolve(const CommandContext& context, const CommandRequest& request);
CommandAnswer RunBlockers(const CommandContext& context, const CommandRequest& request);
CommandAnswer RunLockShow(const CommandContext& context, const CommandRequest& request);
CommandAnswer RunAdoptAlembic(const CommandContext& context, const CommandRequest& request);
CommandAnswer RunInit(const CommandContext& context, const CommandRequest& request);
CommandAnswer RunSandbox(const CommandContext& context, const CommandRequest& request);

}  // namespace lockstep
