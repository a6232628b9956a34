// Who stands in our sessions' way and in whose way they stand, as documents.
#pragma once

#include "base/json.h"
#include "postgres/session.h"

namespace lockstep {

struct BlockerPicture {
  json::array blockers, victims, ours;
};

// Of all sessions of this program in the session's database.
BlockerPicture ReadBlockerPicture(Session& session);

}  // namespace lockstep
