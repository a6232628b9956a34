// What the commands of an ALTER TABLE do under its lock: nothing much, a rewrite, a scan, or less
// than the others where they validate or detach.
#pragma once

#include "core/statement_kind.h"
#include "core/statement_tree.h"

namespace lockstep {

// `node`: an AlterTableStmt, which is also how indexes, views and sequences are altered.
void RefineAlterTable(const TreeNode& node, StatementKind& kind);

}  // namespace lockstep
