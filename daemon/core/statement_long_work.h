// What takes long under a strong lock in a statement, as far as its text says.
#pragma once

#include <string_view>
#include <vector>

#include "core/long_work.h"
#include "core/statement_tree.h"

namespace lockstep {

// `type` and `node` of a StatementTree.
std::vector<LongWork> LongWorkOf(std::string_view type, const TreeNode& node);

}  // namespace lockstep
