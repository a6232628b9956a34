// Which commands of an ALTER TABLE rewrite, scan or build something while the table is locked.
#pragma once

#include <vector>

#include "core/long_work.h"
#include "core/statement_tree.h"

namespace lockstep {

// `range_var`: what takes long, as the grammar names it; nothing: the whole database.
LongWork WorkOn(const TreeNode& range_var, LongCause cause);

// `node`: an AlterTableStmt.
std::vector<LongWork> AlterTableWork(const TreeNode& node);

}  // namespace lockstep
