#include "commands/commands.h"
#include "commands/documents.h"
#include "commands/target_access.h"

namespace lockstep {
namespace {

json::value KeyDocument(const std::optional<LockKey>& key) {
  if (!key) return nullptr;
  return json::object{{"space", key->space}, {"id", key->id}};
}

}  // namespace

CommandAnswer RunLockShow(const CommandContext& context, const CommandRequest&) {
  const SeenTarget seen = LookAtTarget(context.settings, "lock");
  const std::optional<LockKey> key = MigrationLockKey(seen.look);
  const std::optional<LockHolder> holder = FindHolder(seen);
  return {json::object{{"target", TargetName(context.settings)},
                       {"held", holder.has_value()},
                       {"key", KeyDocument(key)},
                       {"holder", holder ? json::value(ToJson(*holder)) : json::value(nullptr)}}};
}

}  // namespace lockstep
