// A folder's files, sorted into pairs.
#pragma once

#include <map>
#include <string>

#include "base/diagnostic.h"
#include "base/file_tree.h"
#include "base/text.h"
#include "core/file_pair.h"

namespace lockstep {

struct NaturalOrder {
  bool operator()(const std::string& a, const std::string& b) const { return NaturalLess(a, b); }
};

using FilePairs = std::map<std::string, FilePair, NaturalOrder>;  // by stem

// Reads each file once; what is not SQL is left alone. Appends to `diagnostics` what is wrong with
// names and files: odd-name, stray-sql, and the codes of FileProblem and ParseMigrationFile. Throws
// Error kFileRead when the folder cannot be listed.
FilePairs CollectFilePairs(FileTree& files, Diagnostics& diagnostics);

}  // namespace lockstep
