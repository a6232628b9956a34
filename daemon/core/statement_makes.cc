#include "core/statement_makes.h"

#include <algorithm>
#include <array>
#include <string>

namespace lockstep {
namespace {

MadeRelation Named(const TreeNode& range_var) {
  return {.schema = std::string(Word(range_var, "schemaname")),
          .name = std::string(Word(range_var, "relname"))};
}

MadeRelation Moved(const TreeNode& range_var) {
  MadeRelation made = Named(range_var);
  made.old_schema = made.schema;
  made.old_name = made.name;
  return made;
}

MadeRelation FromRelation(const TreeNode& node) { return Named(Child(node, "relation")); }

MadeRelation FromForeignTable(const TreeNode& node) { return FromRelation(Child(node, "base")); }

MadeRelation FromInto(const TreeNode& node) { return Named(Child(Child(node, "into"), "rel")); }

MadeRelation FromView(const TreeNode& node) {
  return Flag(node, "replace") ? MadeRelation{} : Named(Child(node, "view"));
}

MadeRelation FromSequence(const TreeNode& node) { return Named(Child(node, "sequence")); }

bool IsRelation(std::string_view object) {
  return object == "OBJECT_TABLE" || object == "OBJECT_VIEW" || object == "OBJECT_MATVIEW" ||
         object == "OBJECT_INDEX" || object == "OBJECT_SEQUENCE" ||
         object == "OBJECT_FOREIGN_TABLE";
}

// An index stands in its table's schema, which the statement names.
MadeRelation FromIndex(const TreeNode& node) {
  MadeRelation made = Named(Child(node, "relation"));
  made.name = Word(node, "idxname");
  return made;
}

MadeRelation FromRename(const TreeNode& node) {
  if (!IsRelation(Word(node, "renameType"))) return {};
  MadeRelation made = Moved(Child(node, "relation"));
  made.name = Word(node, "newname");
  return made;
}

MadeRelation FromNewSchema(const TreeNode& node) {
  if (!IsRelation(Word(node, "objectType"))) return {};
  MadeRelation made = Moved(Child(node, "relation"));
  made.schema = Word(node, "newschema");
  return made;
}

struct Maker {
  std::string_view node;
  MadeRelation (*made)(const TreeNode& node);
};

constexpr std::array kMakers = {
    Maker{"CreateStmt", FromRelation},    Maker{"CreateForeignTableStmt", FromForeignTable},
    Maker{"CreateTableAsStmt", FromInto}, Maker{"CreateSeqStmt", FromSequence},
    Maker{"ViewStmt", FromView},          Maker{"IndexStmt", FromIndex},
    Maker{"RenameStmt", FromRename},      Maker{"AlterObjectSchemaStmt", FromNewSchema},
};

}  // namespace

void NameWhatItMakes(std::string_view type, const TreeNode& node, StatementKind& kind) {
  // What may be there already is looked up in the catalog.
  if (kind.if_not_exists) return;
  const auto* maker = std::ranges::find(kMakers, type, &Maker::node);
  if (maker == kMakers.end()) return;
  MadeRelation made = maker->made(node);
  if (!made.name.empty()) kind.makes.push_back(std::move(made));
}

}  // namespace lockstep
