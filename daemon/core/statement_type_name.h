// A type as a statement names it.
#pragma once

#include <string>

#include "core/statement_tree.h"

namespace lockstep {

// `type_name`: a TypeName. "varchar(20)[]" or "app"."mood", fit for a cast; empty when its
// modifiers say more than numbers and words, as those of `interval year` do.
std::string TypeText(const TreeNode& type_name);

// Whether one of the types that PostgreSQL brings along has that name, as far as its text tells.
bool IsBuiltInType(const TreeNode& type_name);

bool IsSerialType(const TreeNode& type_name);

}  // namespace lockstep
