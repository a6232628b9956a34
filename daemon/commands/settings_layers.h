// All that was said about the settings, by file, environment and flags, and what it comes to.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "commands/agent_settings.h"
#include "commands/settings_check.h"

namespace lockstep {

// The layers in the order in which they count: each wins over what came before it.
struct SettingsLayers {
  std::string file;  // empty: none
  std::vector<StatedSetting> in_file;
  std::vector<StatedSetting> beside_file;  // the environment, then the flags
  std::vector<std::string> sections;       // the names of [target.NAME], in the order of the file
};

// Something that is set, and where each of its keys was. No origin: the default.
template <class Owner>
struct Layered {
  Owner value;
  std::map<std::string, std::string> origins;
};

// The file that the flags name, else LOCKSTEP_CONFIG, else lockstep.toml in the current folder if
// there is one; checked.
SettingsLayers ReadSettingsLayers(const SettingsFlags& flags);

// Adds what the environment says, by the names of the keys. An empty variable is one that is not
// set.
template <class Owner>
void AddEnvironment(const std::vector<SettingKey<Owner>>& keys, SettingsLayers& layers);

// Adds the value of a flag; an empty one was not given.
void AddFlag(const std::string& flag, const std::string& key, const std::string& text,
             SettingsLayers& layers);
void AddFlags(const SettingsFlags& flags, SettingsLayers& layers);

// Adds one more name by which the environment may set a key.
void AddVariable(const std::string& variable, const std::string& key, SettingsLayers& layers);

// One target: the top of the file, its section ("" for none), then what stands beside the file.
Layered<TargetSettings> LayTarget(const SettingsLayers& layers, const std::string& section,
                                  TargetSettings defaults);

Layered<AgentSettings> LayAgent(const SettingsLayers& layers);

// Where there are several targets, what was said of one cannot be said beside the file. Throws
// Error kBadSettings for a variable of the environment, kUsage for a flag.
void RefuseForSeveral(const SettingsLayers& layers);

// `"shop", "billing"`.
std::string TargetList(const SettingsLayers& layers);

}  // namespace lockstep
