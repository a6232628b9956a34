// Whether a session may be used to migrate at all.
#pragma once

#include "postgres/bookkeeping.h"
#include "postgres/session.h"

namespace lockstep {

// Throws Error kPooler, kStandby, kReadOnly or kOldPrimary, each with its own message, when the
// session must not be trusted with a migration. When the wire names another server process than the
// server itself, a pooler is in the path: a second session from `open` finds out whether it keeps
// sessions apart. Each other server that the URL names is asked whether it takes changes as well.
void RequireWritable(Session& session, const ServerFacts& facts, const SessionFactory& open);

// Throws Error kPermission when the role lacks the rights to install the bookkeeping, or to write
// into it.
void RequireRights(Session& session, const ServerFacts& facts, const BookkeepingNames& names);

}  // namespace lockstep
