// The relations that a statement makes, or gives a new name.
#pragma once

#include <string_view>

#include "core/statement_kind.h"
#include "core/statement_tree.h"

namespace lockstep {

// `type`, `node`: of the statement's parse tree. Fills kind.makes.
void NameWhatItMakes(std::string_view type, const TreeNode& node, StatementKind& kind);

}  // namespace lockstep
