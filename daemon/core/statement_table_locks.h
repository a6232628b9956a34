// What ALTER TABLE locks, command by command; indexes, views, sequences and composite types are
// altered by the same statement.
//
// Source: PostgreSQL 15, AlterTableGetLockLevel; measured in tests/postgres/lock_modes.
#pragma once

#include <vector>

#include "core/named_lock.h"
#include "core/statement_tree.h"

namespace lockstep {

// `node`: an AlterTableStmt.
std::vector<NamedLock> AlterTableLocks(const TreeNode& node);

}  // namespace lockstep
