// What the user configured: flags over environment over file over defaults.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/runner.h"

namespace lockstep {

struct Settings {
  std::optional<ConnectionUrl> url;
  bool url_from_flag = false;  // given on this very command line, not found lying about
  std::string password_file;   // read each time a session is opened; empty: none
  std::string folder = "migrations";
  RunSettings run;
  std::vector<ConnectionUrl> standby_urls;  // looked at before a strong table lock
  std::string sandbox_bin_dir;
};

// Values given on the command line; empty: not given.
struct SettingsFlags {
  std::string database_url;
  std::string password_file;
  std::string folder;
  std::string config;
  std::string target;  // the one of several that is meant; for the command line only
};

// Reads the file (--config, LOCKSTEP_CONFIG, or lockstep.toml in the current folder when there is
// one; unknown keys are errors with line, column and the nearest key; units in values), the
// environment (LOCKSTEP_<KEY>, then DATABASE_URL) and the flags; later ones win. What the file says
// to the agent is checked and otherwise left alone. Of several [target.NAME] the flag names one.
// Throws Error kBadSettings or kFileRead, or kUsage when it is not clear which target is meant; no
// message repeats a value that could be a secret.
Settings LoadSettings(const SettingsFlags& flags);

// The keys that a file may have ("lock_timeout", "backup.keep"), for the manual and the tests.
std::vector<std::string> SettingsKeys();

}  // namespace lockstep
