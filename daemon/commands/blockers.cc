#include "commands/blocker_document.h"
#include "commands/commands.h"
#include "commands/documents.h"
#include "commands/target_access.h"

namespace lockstep {
namespace {

std::string MessageOf(const BlockerPicture& picture) {
  if (picture.ours.empty()) return "no session of ours is connected";
  return Count(picture.blockers.size(), "session blocks", "sessions block") + " ours; " +
         Count(picture.victims.size(), "waits", "wait") + " for ours";
}

}  // namespace

CommandAnswer RunBlockers(const CommandContext& context, const CommandRequest&) {
  const OpenedSession opened = TargetSessions(context.settings)({.purpose = "blockers"});
  BlockerPicture picture = ReadBlockerPicture(*opened.session);
  const std::string message = MessageOf(picture);
  return {json::object{{"target", TargetName(context.settings)},
                       {"blockers", std::move(picture.blockers)},
                       {"victims", std::move(picture.victims)},
                       {"ours", std::move(picture.ours)},
                       {"sees_all_activity", opened.facts.sees_all_activity},
                       {"message", message}}};
}

}  // namespace lockstep
