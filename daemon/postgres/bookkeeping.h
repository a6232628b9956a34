// The schema in which a database remembers its migrations, and the migrations of that schema
// itself.
//
// Tables: format (which of the embedded migrations ran), fence (one row: epoch and run), history
// (insert only), attempts (insert only), progress. Functions: enter, leave, and the guard that a
// deferred trigger calls at commit. postgres/bookkeeping/*.sql is the source and the document.
#pragma once

#include <optional>
#include <string>

#include "postgres/session.h"

namespace lockstep {

// The names that one target's settings give.
struct BookkeepingNames {
  std::string schema = "lockstep";
  std::string alembic_table = "public.alembic_version";

  std::string Table(std::string_view name) const;  // "\"lockstep\".\"history\""
};

// What is there now.
struct BookkeepingState {
  int format = 0;                       // 0: nothing is installed
  std::optional<unsigned> history_oid;  // the migration lock's second key
  bool alembic_table_exists = false;
};

// The newest format that this program can make.
int NewestBookkeepingFormat();

// Throws Error kNewerFormat when a newer release made the schema.
void RequireKnownFormat(int format, const BookkeepingNames& names);

// One text: which of the schema's tables are missing where others are there, as "history, fence";
// empty when all are there, or none.
std::string MissingTablesSql(const BookkeepingNames& names);

// Throws Error kDamaged when somebody took tables away (`missing`: of MissingTablesSql), or rows of
// the history.
void RequireAllTables(const std::string& missing, const BookkeepingNames& names);
void RequireWholeHistory(long long rows, long long changes, const BookkeepingNames& names);

// Installs or upgrades the schema, in one transaction.
// REQUIRES: the lock that protects it is held by `session` (see advisory_lock.h).
// Throws Error kPermission with the rights that are missing and the way to give them; kNewerFormat
// when a newer release made it.
void InstallBookkeeping(Session& session, const BookkeepingNames& names);

// The statements that give roles what they need: `login` may migrate, `reader` may look.
std::string GrantsFor(const BookkeepingNames& names, const std::string& login,
                      const std::string& reader);

}  // namespace lockstep
