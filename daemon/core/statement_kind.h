// What one SQL statement does, by its parse tree: its name, its class of locking, what it breaks.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/long_work.h"
#include "core/named_lock.h"

namespace lockstep {

// How a statement meets other sessions.
enum class LockClass {
  kInstantStrong,  // A: most DDL
  kLongWeak,       // B: everything CONCURRENTLY, VALIDATE CONSTRAINT
  kLongStrong,     // C: a rewrite, a scan or an index build under a strong lock
  kData,           // D: INSERT, UPDATE, ...
  kNewObject,      // E: creates something that nobody can see yet
};

// "A" to "E".
std::string_view LetterOf(LockClass lock_class);

// What a recovery or a refusal needs to know beyond the name.
enum class StatementTrait {
  kNone,
  kTransactionControl,  // BEGIN, COMMIT, SAVEPOINT is fine and is kNone, PREPARE TRANSACTION
  kSetRole,             // SET ROLE, RESET ROLE, SET SESSION AUTHORIZATION
  kDiscard,             // DISCARD ALL, RESET ALL
  kSessionSetting,      // SET without LOCAL: survives the migration
  kStringSyntax,        // SET standard_conforming_strings, but for "on": moves where strings end
  kCopyStdin,           // COPY ... FROM STDIN or TO STDOUT
  kCreateIndexConcurrently,
  kDropIndexConcurrently,
  kReindexConcurrently,
  kDetachConcurrently,
  kValidateConstraint,
  kAddEnumValue,
  kNeedsNoTransaction,  // VACUUM, CREATE DATABASE, ALTER SYSTEM, REFRESH is kNone ...
};

// A relation that is there once the statement has run, or has another name then.
struct MadeRelation {
  std::string schema = {};  // as written; may be empty
  std::string name = {};
  std::string old_schema = {};
  std::string old_name = {};  // empty: it is new
  bool operator==(const MadeRelation&) const = default;
};

struct StatementKind {
  std::string name = "UNKNOWN";  // "CREATE INDEX CONCURRENTLY", "ALTER TABLE", upper case
  LockClass lock_class = LockClass::kInstantStrong;
  StatementTrait trait = StatementTrait::kNone;
  bool unlocks_advisory = false;  // names pg_advisory_unlock*, DO bodies included
  bool if_not_exists = false;
  // What the statement names, as far as its trait needs it; unqualified schema is empty.
  std::string schema;
  std::string relation;  // table of an index build, VALIDATE or DETACH; the type of ADD VALUE
  std::string object;    // index, constraint, partition, enum label; empty when unnamed
  std::vector<NamedLock> locks;     // SHARE UPDATE EXCLUSIVE and stronger; what text can tell
  std::vector<LongWork> long_work;  // why it is, or may be, of class C
  std::vector<MadeRelation> makes;  // not with IF NOT EXISTS: then it may be an old one
};

// The kind of the one statement in `sql`; name "UNKNOWN" and class A when the grammar does not know
// it (newer syntax). Thread: any.
StatementKind ClassifyStatement(std::string_view sql);

}  // namespace lockstep
