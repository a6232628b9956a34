// Statements that change the session or its transaction, which belong to the run and not to a
// migration.
#pragma once

#include "core/statement_kind.h"
#include "core/statement_tree.h"

namespace lockstep {

void RefineTransaction(const TreeNode& node, StatementKind& kind);  // TransactionStmt
void RefineSet(const TreeNode& node, StatementKind& kind);          // VariableSetStmt
void RefineDiscard(const TreeNode& node, StatementKind& kind);      // DiscardStmt

}  // namespace lockstep
