// PostgreSQL's table-level lock modes, weakest first.
//
// Source: PostgreSQL 15 manual, 13.3.1, tables 13.2.
#pragma once

#include <optional>
#include <string_view>

namespace lockstep {

enum class LockMode {
  kAccessShare,           // SELECT
  kRowShare,              // SELECT FOR UPDATE, REFERENCES checks
  kRowExclusive,          // INSERT, UPDATE, DELETE
  kShareUpdateExclusive,  // VACUUM, CREATE INDEX CONCURRENTLY
  kShare,                 // CREATE INDEX
  kShareRowExclusive,     // CREATE TRIGGER, ADD FOREIGN KEY
  kExclusive,             // REFRESH MATERIALIZED VIEW CONCURRENTLY
  kAccessExclusive,       // most of ALTER TABLE
};

// "ACCESS EXCLUSIVE", as LOCK TABLE spells it.
std::string_view NameOf(LockMode mode);
// Of "AccessExclusiveLock", as pg_locks spells it.
std::string_view PgLocksNameOf(LockMode mode);
std::optional<LockMode> LockModeFromPgLocks(std::string_view name);

bool Conflict(LockMode a, LockMode b);

// Whether a request for it makes an application's reads or writes wait: SHARE and stronger. What is
// weaker stands in the way of vacuum and other DDL alone.
inline bool IsStrong(LockMode mode) { return mode >= LockMode::kShare; }

}  // namespace lockstep
