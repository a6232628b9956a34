// Statements that know CONCURRENTLY: building, rebuilding and dropping indexes, refreshing views.
#pragma once

#include "core/statement_kind.h"
#include "core/statement_tree.h"

namespace lockstep {

void RefineIndex(const TreeNode& node, StatementKind& kind);    // IndexStmt
void RefineDrop(const TreeNode& node, StatementKind& kind);     // DropStmt, of whatever object
void RefineReindex(const TreeNode& node, StatementKind& kind);  // ReindexStmt
void RefineRefresh(const TreeNode& node, StatementKind& kind);  // RefreshMatViewStmt

}  // namespace lockstep
