// Who stands in our sessions' way and in whose way they stand, as documents.
#pragma once

#include "base/json.h"
#include "core/blocker_query.h"
#include "postgres/session.h"

namespace lockstep {

struct BlockerPicture {
  json::array blockers, victims, ours;
};

// Of all sessions of this program in the session's database. `how`: what is told of queries.
BlockerPicture ReadBlockerPicture(Session& session, QueryDisclosure how);

// Adds who stands in the way of what `revision` is going to lock; our own sessions do not.
void AddHolders(const std::vector<Blocker>& holders, const std::string& revision,
                QueryDisclosure how, BlockerPicture& picture);

}  // namespace lockstep
