// What the user configured: flags over environment over file over defaults.
#pragma once

#include <optional>
#include <string>

#include "engine/runner.h"

namespace lockstep {

struct Settings {
  std::optional<ConnectionUrl> url;
  std::string folder = "migrations";
  RunSettings run;
  std::string sandbox_bin_dir;
};

// Values given on the command line; empty: not given.
struct SettingsFlags {
  std::string database_url;
  std::string password_file;
  std::string folder;
  std::string config;
};

// Reads the file (lockstep.toml; unknown keys are errors with line, column and the nearest key; units in
// values), the environment (DATABASE_URL, LOCKSTEP_*) and the flags. Throws Error kBadSettings or
// kFileRead.
Settings LoadSettings(const SettingsFlags& flags);

}  // namespace lockstep
