// The up and the down file of one migration, and how the two become one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "core/migration.h"
#include "core/migration_file.h"

namespace lockstep {

// A half may be in the folder without having been read: what is missing because of it is no fault
// of its own.
struct HalfFile {
  bool present = false;
  std::optional<MigrationFile> file;
};

struct FilePair {
  HalfFile up;
  HalfFile down;
};

// The migration that `pair` makes, whose scripts it gives away; nothing when there is no up file to
// go by. `stem`: what the names of both files begin with. `default_parents`: what the migration
// revises when its header does not say. Appends to `diagnostics` what does not fit together
// (missing-up, missing-down, irreversible-with-down, header-mismatch). Thread: any.
std::optional<Migration> JoinPair(const std::string& stem, FilePair& pair,
                                  std::vector<std::string> default_parents,
                                  Diagnostics& diagnostics);

}  // namespace lockstep
