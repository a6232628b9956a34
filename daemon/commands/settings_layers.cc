#include "commands/settings_layers.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/text.h"
#include "commands/settings_file.h"

namespace lockstep {
namespace {

constexpr const char* kDefaultFile = "lockstep.toml";

std::string Environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? "" : value;
}

// "backup.keep" is LOCKSTEP_BACKUP_KEEP.
std::string VariableFor(std::string_view key) {
  std::string name = "LOCKSTEP_";
  for (const char c : key) {
    name += c == '.' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  }
  return name;
}

// Empty: there is no file.
std::string FileToRead(const SettingsFlags& flags) {
  if (!flags.config.empty()) return flags.config;
  const std::string named = Environment("LOCKSTEP_CONFIG");
  if (!named.empty()) return named;
  return std::filesystem::exists(kDefaultFile) ? kDefaultFile : "";
}

void AddBesideFile(const std::string& origin, const std::string& key, const std::string& text,
                   SettingsLayers& layers) {
  if (text.empty()) return;
  StatedSetting said;
  said.key = key;
  said.name = key;
  said.value.text = text;
  said.origin = origin;
  layers.beside_file.push_back(std::move(said));
}

template <class Owner>
void Lay(const std::vector<SettingKey<Owner>>& keys, const StatedSetting& said,
         Layered<Owner>& layered) {
  const SettingKey<Owner>* key = FindKey(keys, said.key);
  if (key == nullptr) return;
  Apply(*key, said, layered.value);
  layered.origins[said.key] = said.origin;
}

void LayOnTarget(const StatedSetting& said, Layered<TargetSettings>& target) {
  if (!IsVariable(said)) return Lay(TargetKeys(), said, target);
  ApplyVariable(said, target.value.settings);
  target.origins["variables." + TomlKey(said.name)] = said.origin;
}

// What tells one target from another.
bool IsOfOneTarget(const StatedSetting& said) {
  return said.key == "database_url" || said.key == "password_file" || said.key == "dir";
}

}  // namespace

SettingsLayers ReadSettingsLayers(const SettingsFlags& flags) {
  SettingsLayers layers;
  layers.file = FileToRead(flags);
  if (layers.file.empty()) return layers;
  layers.in_file = ReadSettingsFile(layers.file);
  CheckSettingsFile(layers.file, layers.in_file);
  for (const StatedSetting& said : layers.in_file) {
    if (!said.section.empty() && said.key.empty()) layers.sections.push_back(said.section);
  }
  return layers;
}

template <class Owner>
void AddEnvironment(const std::vector<SettingKey<Owner>>& keys, SettingsLayers& layers) {
  for (const SettingKey<Owner>& key : keys) {
    if (key.shape == ValueShape::kWords) continue;
    AddVariable(VariableFor(key.name), key.name, layers);
  }
}
template void AddEnvironment(const std::vector<SettingKey<Settings>>&, SettingsLayers&);
template void AddEnvironment(const std::vector<SettingKey<TargetSettings>>&, SettingsLayers&);
template void AddEnvironment(const std::vector<SettingKey<AgentSettings>>&, SettingsLayers&);

void AddVariable(const std::string& variable, const std::string& key, SettingsLayers& layers) {
  AddBesideFile(variable, key, Environment(variable), layers);
}

void AddFlag(const std::string& flag, const std::string& key, const std::string& text,
             SettingsLayers& layers) {
  AddBesideFile(flag, key, text, layers);
}

void AddFlags(const SettingsFlags& flags, SettingsLayers& layers) {
  AddFlag("--database-url", "database_url", flags.database_url, layers);
  AddFlag("--password-file", "password_file", flags.password_file, layers);
  AddFlag("--dir", "dir", flags.folder, layers);
}

Layered<TargetSettings> LayTarget(const SettingsLayers& layers, const std::string& section,
                                  TargetSettings defaults) {
  Layered<TargetSettings> target{std::move(defaults), {}};
  if (!section.empty()) target.value.name = section;
  for (const StatedSetting& said : layers.in_file) {
    if (said.section.empty()) LayOnTarget(said, target);
  }
  for (const StatedSetting& said : layers.in_file) {
    if (!section.empty() && said.section == section) LayOnTarget(said, target);
  }
  for (const StatedSetting& said : layers.beside_file) LayOnTarget(said, target);
  Settings& settings = target.value.settings;
  const auto origin = target.origins.find("database_url");
  settings.url_from_flag = origin != target.origins.end() && origin->second == "--database-url";
  if (!settings.run.hooks.empty()) CheckHooks(settings.run.hooks);
  return target;
}

Layered<AgentSettings> LayAgent(const SettingsLayers& layers) {
  Layered<AgentSettings> agent;
  agent.value.file = layers.file;
  for (const StatedSetting& said : layers.in_file) {
    if (said.section.empty()) Lay(AgentKeys(), said, agent);
  }
  for (const StatedSetting& said : layers.beside_file) Lay(AgentKeys(), said, agent);
  return agent;
}

void RefuseForSeveral(const SettingsLayers& layers) {
  if (layers.sections.size() < 2) return;
  const auto one = std::ranges::find_if(layers.beside_file, IsOfOneTarget);
  if (one == layers.beside_file.end()) return;
  const bool flag = one->origin.starts_with("--");
  throw Error(flag ? ErrorCode::kUsage : ErrorCode::kBadSettings,
              one->origin + " cannot be for all targets at once: \"" + layers.file + "\" has " +
                  TargetList(layers),
              "leave it out, and write \"" + one->key + "\" into each section [target.NAME]");
}

std::string TargetList(const SettingsLayers& layers) {
  std::vector<std::string> names;
  for (const std::string& name : layers.sections) names.push_back('"' + name + '"');
  return Join(names, ", ");
}

}  // namespace lockstep
