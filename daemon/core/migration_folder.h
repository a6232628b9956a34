// All migrations of one folder, joined into pairs and ordered; every fault is reported at once.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "base/file_tree.h"
#include "core/migration.h"
#include "core/revision_graph.h"

namespace lockstep {

// Immutable once loaded. Thread: any.
class MigrationFolder {
 public:
  // Reads each file once. Every fault of files and graph is in diagnostics(); Throws Error
  // kFileRead only when the folder itself cannot be listed. Codes beside those of
  // ParseMigrationFile and RevisionGraph: missing-up, missing-down, irreversible-with-down,
  // header-mismatch, odd-name, stray-sql, and the codes of FileProblem.
  static MigrationFolder Load(FileTree& files);

  // In an order in which they can be applied (parents first, natural order among equals). Only
  // meaningful when diagnostics() has no error.
  const std::vector<Migration>& migrations() const { return migrations_; }
  const RevisionGraph& graph() const { return graph_; }
  const Diagnostics& diagnostics() const { return diagnostics_; }
  bool ok() const { return !HasErrors(diagnostics_); }
  // Nothing when there is no such revision; exact match only.
  const Migration* Find(std::string_view revision) const;

 private:
  std::vector<Migration> migrations_;
  std::map<std::string, std::size_t, std::less<>> by_revision_;
  RevisionGraph graph_;
  Diagnostics diagnostics_;
};

}  // namespace lockstep
