// Which relations a statement locks, as far as its text says.
//
// Not known by the text, and so not here: what DO blocks, CALL and functions do; ALTER and DROP of
// what an extension or a role owns; the tables of an event trigger's function.
#pragma once

#include <string_view>
#include <vector>

#include "core/named_lock.h"
#include "core/statement_tree.h"

namespace lockstep {

// `type` and `node` of a StatementTree. SHARE UPDATE EXCLUSIVE and stronger. One relation may come
// several times; the strongest mode counts.
std::vector<NamedLock> LocksOf(std::string_view type, const TreeNode& node);

}  // namespace lockstep
