#include "commands/agent_settings.h"

#include <algorithm>

#include "base/text.h"
#include "commands/settings_layers.h"

namespace lockstep {
namespace {

constexpr const char* kDefault = "default";

TargetSettings AgentsDefaults() {
  TargetSettings target;
  // A person wants an answer some time; an agent has nothing better to do than to wait.
  target.settings.run.migration_lock_wait = std::nullopt;
  return target;
}

std::string OriginOf(const std::map<std::string, std::string>& origins, const std::string& key) {
  const auto found = origins.find(key);
  return found == origins.end() ? kDefault : found->second;
}

template <class Owner>
void Tell(const std::vector<SettingKey<Owner>>& keys, const Layered<Owner>& layered,
          const std::string& prefix, std::vector<EffectiveSetting>& effective) {
  for (const SettingKey<Owner>& key : keys) {
    effective.push_back(
        {prefix + key.name, key.get(layered.value), OriginOf(layered.origins, key.name)});
  }
}

// What a variable is for is not known; it may be the password of a role.
void TellVariables(const Layered<TargetSettings>& target, const std::string& prefix,
                   std::vector<EffectiveSetting>& effective) {
  for (const auto& [name, value] : target.value.settings.run.variables) {
    const std::string key = "variables." + TomlKey(name);
    effective.push_back({prefix + key, TomlText("***"), OriginOf(target.origins, key)});
  }
}

void AddTarget(const SettingsLayers& layers, const std::string& section,
               LoadedAgentSettings& loaded) {
  Layered<TargetSettings> target = LayTarget(layers, section, AgentsDefaults());
  const std::string prefix = section.empty() ? "" : "target." + TomlKey(section) + ".";
  Tell(TargetKeys(), target, prefix, loaded.effective);
  TellVariables(target, prefix, loaded.effective);
  loaded.settings.targets.push_back(std::move(target.value));
}

SettingsLayers ReadAgentLayers(const AgentFlags& flags) {
  SettingsLayers layers = ReadSettingsLayers(flags.settings);
  AddVariable("DATABASE_URL", "database_url", layers);
  AddVariable("LOCKSTEP_SOCKET", "socket.path", layers);
  AddEnvironment(AgentKeys(), layers);
  AddEnvironment(TargetKeys(), layers);
  AddFlags(flags.settings, layers);
  AddFlag("--socket", "socket.path", flags.socket, layers);
  AddFlag("--listen", "listen", flags.listen, layers);
  RefuseForSeveral(layers);
  return layers;
}

// ---- As text ---------------------------------------------------------------------------------

std::string Padded(const std::string& text, int width) {
  const int missing = std::max(0, width - DisplayWidth(text));
  return text + std::string(static_cast<std::size_t>(missing), ' ');
}

// What is not set cannot be written in TOML but as a comment.
std::string Left(const EffectiveSetting& setting) {
  return setting.value.empty() ? "# " + setting.key : setting.key;
}

}  // namespace

LoadedAgentSettings LoadAgentSettings(const AgentFlags& flags) {
  const SettingsLayers layers = ReadAgentLayers(flags);
  Layered<AgentSettings> agent = LayAgent(layers);
  LoadedAgentSettings loaded;
  Tell(AgentKeys(), agent, "", loaded.effective);
  loaded.settings = std::move(agent.value);
  if (layers.sections.empty()) AddTarget(layers, "", loaded);
  for (const std::string& section : layers.sections) AddTarget(layers, section, loaded);
  return loaded;
}

std::string PrintSettings(const std::vector<EffectiveSetting>& settings) {
  // One long list of hooks must not push every origin out of sight.
  constexpr int kWidest = 40;
  int keys = 0;
  int values = 0;
  for (const EffectiveSetting& setting : settings) {
    keys = std::max(keys, DisplayWidth(Left(setting)));
    if (DisplayWidth(setting.value) <= kWidest)
      values = std::max(values, DisplayWidth(setting.value));
  }
  std::string text;
  for (const EffectiveSetting& setting : settings) {
    const bool unset = setting.value.empty();
    text += Padded(Left(setting), keys) + (unset ? "   " : " = ") + Padded(setting.value, values) +
            "   # " + (unset ? "not set" : Escaped(setting.origin)) + "\n";
  }
  return text;
}

}  // namespace lockstep
