// Holds what was said about settings to the tables of keys.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "commands/settings_keys.h"
#include "commands/stated_setting.h"

namespace lockstep {

// Throws Error kBadSettings with the place and never with the value.
[[noreturn]] void RefuseSetting(const StatedSetting& said, const std::string& problem);

// Throws Error kBadSettings when a value of this kind cannot stand there.
void RequireShape(const StatedSetting& said, ValueShape shape);

// Sets the key in `owner`. Throws Error kBadSettings, or what else the value is to blame for.
template <class Owner>
void Apply(const SettingKey<Owner>& key, const StatedSetting& said, Owner& owner) {
  RequireShape(said, key.shape);
  std::string problem;
  try {
    problem = key.set(owner, said.value);
  } catch (const Error& error) {
    const std::string& place = said.value_place.empty() ? said.origin : said.value_place;
    throw Error(error.code(), place + ": " + error.what(), error.hint());
  }
  if (!problem.empty()) RefuseSetting(said, problem);
}

// [variables]: their names are free, their values strings.
bool IsVariable(const StatedSetting& said);
void ApplyVariable(const StatedSetting& said, Settings& settings);

// The file as a whole: each key known and in a place where it may stand, each value one that can be
// used, each target's name one that can be a label. A file with a password or with hooks must have
// the right owner and mode. Throws Error kBadSettings.
void CheckSettingsFile(const std::string& path, const std::vector<StatedSetting>& stated);

}  // namespace lockstep
