// What an interrupted statement outside a transaction left behind, by the catalog, and how to clean
// up.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/statement_kind.h"
#include "postgres/session.h"

namespace lockstep {

enum class Remains {
  kNothing,  // it did not happen, or what was left is gone: run it again
  kDone,     // it happened
  kPending,  // half a DETACH PARTITION CONCURRENTLY: finalize it
  kUnknown,  // the catalog cannot tell
};

// The search_path and role under which a migration's body stands, as statements.
struct BodyEnvironment {
  std::vector<std::string> local;    // for one transaction
  std::vector<std::string> session;  // until `leave`
  std::vector<std::string> leave;
};

// The state of the catalog after `kind` was begun and its end was not seen. Locks nothing.
Remains FindRemains(Session& session, const StatementKind& kind, const BodyEnvironment& body);

// Drops the INVALID index that an interrupted build left behind; nothing when there is none. One
// message for each index: outside a transaction, concurrently. Returns the error when the server
// refuses.
std::optional<SqlError> DropInvalidIndexes(Session& session, const StatementKind& kind,
                                           const BodyEnvironment& body);

// Whether the index that `kind` built is there and valid.
bool IndexIsValid(Session& session, const StatementKind& kind, const BodyEnvironment& body);

// The statement that ends a half-done DETACH PARTITION CONCURRENTLY.
std::string FinalizeDetachSql(const StatementKind& kind);

}  // namespace lockstep
