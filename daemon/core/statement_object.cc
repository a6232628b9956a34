#include "core/statement_object.h"

#include <algorithm>
#include <array>

namespace lockstep {
namespace {

struct ObjectWord {
  std::string_view object;
  std::string_view words;
};

// Only where the words are not the constant's own.
constexpr std::array kObjectWords = {
    ObjectWord{"OBJECT_ATTRIBUTE", "TYPE"},
    ObjectWord{"OBJECT_COLUMN", "TABLE"},
    ObjectWord{"OBJECT_DOMCONSTRAINT", "DOMAIN"},
    ObjectWord{"OBJECT_FDW", "FOREIGN DATA WRAPPER"},
    ObjectWord{"OBJECT_FOREIGN_SERVER", "SERVER"},
    ObjectWord{"OBJECT_LARGEOBJECT", "LARGE OBJECT"},
    ObjectWord{"OBJECT_MATVIEW", "MATERIALIZED VIEW"},
    ObjectWord{"OBJECT_OPCLASS", "OPERATOR CLASS"},
    ObjectWord{"OBJECT_OPFAMILY", "OPERATOR FAMILY"},
    ObjectWord{"OBJECT_STATISTIC_EXT", "STATISTICS"},
    ObjectWord{"OBJECT_TABCONSTRAINT", "TABLE"},
    ObjectWord{"OBJECT_TSCONFIGURATION", "TEXT SEARCH CONFIGURATION"},
    ObjectWord{"OBJECT_TSDICTIONARY", "TEXT SEARCH DICTIONARY"},
    ObjectWord{"OBJECT_TSPARSER", "TEXT SEARCH PARSER"},
    ObjectWord{"OBJECT_TSTEMPLATE", "TEXT SEARCH TEMPLATE"},
};

// The key under which a node keeps its kind of object differs from node to node.
std::string_view ObjectOf(const TreeNode& node) {
  for (const std::string_view key : {"objtype", "objectType", "removeType", "kind"}) {
    if (node.contains(key)) return Word(node, key);
  }
  return {};
}

}  // namespace

std::string WordsOf(std::string_view object) {
  for (const ObjectWord& known : kObjectWords) {
    if (known.object == object) return std::string(known.words);
  }
  constexpr std::string_view kPrefix = "OBJECT_";
  std::string words(object.starts_with(kPrefix) ? object.substr(kPrefix.size()) : object);
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

void AppendObject(const TreeNode& node, StatementKind& kind) {
  kind.name += " " + WordsOf(ObjectOf(node));
}

void NameRelation(const TreeNode& range_var, StatementKind& kind) {
  kind.schema = Word(range_var, "schemaname");
  kind.relation = Word(range_var, "relname");
}

}  // namespace lockstep
