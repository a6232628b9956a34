// What a relation's name means in the middle of a script: earlier statements make relations, drop
// them and give them new names, while the catalog still shows how things were before.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "core/statement_kind.h"

namespace lockstep {

// Names are compared as they are written: one with its schema and one without are two. What cannot
// be followed so is looked up in the catalog.
// Thread: one at a time.
class ScriptNames {
 public:
  using Name = std::pair<std::string, std::string>;  // schema (may be empty), relation

  // The name under which the catalog knows it; nothing for a relation that the script made.
  std::optional<Name> InCatalog(const Name& name) const;

  // The statement has run.
  void Follow(const StatementKind& kind);

 private:
  std::map<Name, std::optional<Name>> known_;
};

}  // namespace lockstep
