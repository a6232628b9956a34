// Whether a session may be used to migrate at all.
#pragma once

#include "postgres/session.h"

namespace lockstep {

// Throws Error kPooler, kStandby or kReadOnly, each with its own message, when the session must not
// be trusted with a migration. When the wire names another server process than the server itself, a
// pooler is in the path: a second session from `open` finds out whether it keeps sessions apart.
void RequireWritable(Session& session, const ServerFacts& facts, const SessionFactory& open);

}  // namespace lockstep
