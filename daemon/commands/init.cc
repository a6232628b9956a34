#include "base/error.h"
#include "commands/commands.h"
#include "commands/documents.h"
#include "commands/target_access.h"

namespace lockstep {
namespace {

void Grant(Session& session, const std::string& grants) {
  const Reply reply = session.Send(grants);
  if (reply.ok()) return;
  const bool denied = reply.error->sqlstate == "42501";
  throw Error(denied ? ErrorCode::kPermission : ErrorCode::kSql,
              "the rights could not be granted: " + reply.error->message,
              denied ? "run it as the role that owns our schema" : reply.error->hint,
              reply.error->sqlstate);
}

}  // namespace

CommandAnswer RunInit(const CommandContext& context, const CommandRequest& request) {
  const BookkeepingNames& names = context.settings.run.names;
  const int before = LookAtTarget(context.settings, "init").look.bookkeeping.format;
  const std::string login = request.Get("login"), reader = request.Get("reader");
  const std::string grants = GrantsFor(names, login, reader);
  int format = 0;
  WithMigrationLock(context, "init", [&](LockedTarget& target) {
    if (!grants.empty()) Grant(target.session, grants);
    format = target.look.bookkeeping.format;
  });
  const std::string message =
      before == format ? "the bookkeeping is installed already" : "the bookkeeping is installed";
  return {json::object{{"target", TargetName(context.settings)},
                       {"schema", names.schema},
                       {"format_before", before},
                       {"format", format},
                       {"login", TextOrNull(login)},
                       {"reader", TextOrNull(reader)},
                       {"grants", TextOrNull(grants)},
                       {"message", message},
                       {"next", "lockstep plan"}}};
}

}  // namespace lockstep
