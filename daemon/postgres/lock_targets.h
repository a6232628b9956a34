// Which relations some statements will lock, in this database, now: names become relations, with
// the partitions, foreign keys and indexes that follow; what takes long is told from what is quick.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/found_work.h"
#include "core/lock_mode.h"
#include "core/statement_splitter.h"
#include "postgres/session.h"

namespace lockstep {

struct LockTarget {
  std::uint32_t oid = 0;
  std::string name;  // quoted and qualified: "public.orders"
  char kind = 'r';   // as pg_class.relkind
  LockMode mode = LockMode::kAccessExclusive;
  bool lockable = false;  // LOCK TABLE takes it: a table, and the role may
  bool operator==(const LockTarget&) const = default;
};

// One statement, as this database sees it.
struct StatementLocks {
  LockClass lock_class = LockClass::kInstantStrong;
  std::vector<LockTarget> targets;   // strongest mode each, by OID
  std::vector<FoundWork> long_work;  // class C because of these
};

// Where the names of a body are looked up.
struct BodyNames {
  std::string search_path;  // as SET takes it
  std::string role;         // "none" or empty: the login role; so is one that it may not enter
};

// One entry for each of `statements`. A name that is not there has no target: a relation that an
// earlier one of these statements makes is new, and locked by nobody else. One round trip, none
// when the statements name nothing. Waits at most 2 s for somebody who holds ACCESS EXCLUSIVE on a
// relation that is to be worked on for long, whose size is then unknown: Error kBusy. Throws Error.
std::vector<StatementLocks> FindStatementLocks(Session& session, const BodyNames& names,
                                               const std::vector<Statement>& statements);

// All targets of the statements together, strongest mode each, by OID: the order in which they are
// locked.
std::vector<LockTarget> TargetsOf(const std::vector<StatementLocks>& statements);

}  // namespace lockstep
