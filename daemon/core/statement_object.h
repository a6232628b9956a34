// The thing that a statement is about, by its parse tree: SQL's word for it, and its name.
#pragma once

#include <string>
#include <string_view>

#include "core/statement_kind.h"
#include "core/statement_tree.h"

namespace lockstep {

// "OBJECT_MATVIEW" -> "MATERIALIZED VIEW". Parts of a thing stand for the thing, as in the server's
// command tags.
std::string WordsOf(std::string_view object);

// "ALTER" becomes "ALTER SEQUENCE".
void AppendObject(const TreeNode& node, StatementKind& kind);

// `range_var`: schema and relation as the grammar names tables and indexes.
void NameRelation(const TreeNode& range_var, StatementKind& kind);

}  // namespace lockstep
