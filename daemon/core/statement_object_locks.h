// What is locked by the statements that know many kinds of objects: DROP, RENAME, SET SCHEMA,
// COMMENT and their like.
#pragma once

#include <vector>

#include "core/named_lock.h"
#include "core/statement_tree.h"

namespace lockstep {

std::vector<NamedLock> DropLocks(const TreeNode& node);       // DropStmt
std::vector<NamedLock> RenameLocks(const TreeNode& node);     // RenameStmt
std::vector<NamedLock> SetSchemaLocks(const TreeNode& node);  // AlterObjectSchemaStmt
std::vector<NamedLock> DependsLocks(const TreeNode& node);    // AlterObjectDependsStmt
// CommentStmt, SecLabelStmt, AlterExtensionContentsStmt: they keep others from changing the object.
std::vector<NamedLock> MarkLocks(const TreeNode& node);

}  // namespace lockstep
