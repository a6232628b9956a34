#include "postgres/connection_refusal.h"

#include <utility>

#include "base/error.h"

namespace lockstep {

void RefuseUrl(const std::string& what, std::string hint) {
  throw Error(ErrorCode::kBadSettings, "the database URL cannot be used: " + what, std::move(hint));
}

}  // namespace lockstep
