// How the names in a parse tree become locks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/named_lock.h"
#include "core/statement_tree.h"

namespace lockstep {

// `range_var`: a table or the like as the grammar names it. After ONLY nothing below it follows.
NamedLock LockOn(const TreeNode& range_var, LockMode mode, std::vector<FollowedLock> follow = {});
NamedLock LockOn(LockedThing thing, QualifiedName name, LockMode mode,
                 std::vector<FollowedLock> follow = {});

// A lock on each of a list of RangeVars.
std::vector<NamedLock> LocksOnAll(const json::array& range_vars, LockMode mode,
                                  const std::vector<FollowedLock>& follow = {});

// "a", or the last two of "database.schema.a", from whatever an object is named by: a List of
// words, a TypeName, one word.
QualifiedName NameOfObject(const json::value& object);

// Of the table that an object belongs to: a column is named "schema.table.column".
QualifiedName NameOfOwner(const json::value& object);

// A foreign key in `constraint` locks the table that it points to, with its partitions.
void AddReferenced(const TreeNode& constraint, std::vector<NamedLock>& locks);

}  // namespace lockstep
