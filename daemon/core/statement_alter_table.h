// What an ALTER TABLE is beyond its name: less than the others where it validates or detaches.
#pragma once

#include "core/statement_kind.h"
#include "core/statement_tree.h"

namespace lockstep {

// `node`: an AlterTableStmt, which is also how indexes, views and sequences are altered.
void RefineAlterTable(const TreeNode& node, StatementKind& kind);

}  // namespace lockstep
