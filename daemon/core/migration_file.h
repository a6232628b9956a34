// Reads one file of a migration: the header's keys, the rules for its bytes, its checksum.
//
// The header is the leading block of "-- key: value" comment lines. Format by example:
// migrations/README.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "core/migration.h"

namespace lockstep {

enum class Half { kUp, kDown };

// What a file's name says.
struct MigrationFileName {
  std::string stem;      // "0007_add_role" of "0007_add_role.up.sql"; pairs share it
  std::string revision;  // the default revision: up to the first "_" or "."
  Half half = Half::kUp;
};

// Nothing when the name ends neither in .up.sql nor in .down.sql.
std::optional<MigrationFileName> ParseFileName(std::string_view name);

// A file, read but not yet joined with its other half. Keys that were not given stay empty.
struct MigrationFile {
  MigrationFileName name;
  Script script;
  std::optional<std::string> revision;
  std::optional<std::vector<std::string>> parents;  // `revises`; "none" is an empty list
  std::optional<std::string> description;
  std::optional<std::string> irreversible;
  // Where the keys stand; 0 when they do not.
  int revises_line = 0;
  int revision_line = 0;
  int description_line = 0;
  int irreversible_line = 0;
};

// Appends what is wrong to `diagnostics` (codes: not-utf8, nul-byte, unknown-key, duplicate-key,
// bad-value; late-key, a warning: a key in a comment below the header, which a blank line ended).
// `path` is how the user names the file.
MigrationFile ParseMigrationFile(const MigrationFileName& name, std::string path, std::string bytes,
                                 Diagnostics& diagnostics);

// Reads a script that was stored in the database: only the keys that say how to run it count.
Script ParseStoredScript(std::string path, std::string text);

}  // namespace lockstep
