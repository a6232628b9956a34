#include "commands/settings.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "commands/settings_layers.h"

namespace lockstep {
namespace {

[[noreturn]] void RefuseTarget(const SettingsLayers& layers, const std::string& target) {
  const std::string where =
      layers.file.empty() ? "no configuration file was read" : "\"" + layers.file + "\" has ";
  const std::string what = layers.file.empty()       ? ""
                           : layers.sections.empty() ? "no section [target.NAME]"
                                                     : TargetList(layers);
  const auto nearest = Nearest(target, layers.sections);
  throw Error(ErrorCode::kUsage, "there is no target \"" + Escaped(target) + "\": " + where + what,
              nearest ? "did you mean \"" + *nearest + "\"?" : "");
}

// The section to read; empty: there is none.
std::string SectionFor(const SettingsLayers& layers, const std::string& target) {
  const auto& sections = layers.sections;
  if (target.empty() && sections.size() > 1) {
    throw Error(ErrorCode::kUsage,
                "\"" + layers.file + "\" has several targets: " + TargetList(layers),
                "say which one is meant with --target NAME");
  }
  if (target.empty()) return sections.empty() ? "" : sections[0];
  if (sections.empty() && target == TargetSettings().name) return "";
  if (std::ranges::find(sections, target) == sections.end()) RefuseTarget(layers, target);
  return target;
}

}  // namespace

Settings LoadSettings(const SettingsFlags& flags) {
  SettingsLayers layers = ReadSettingsLayers(flags);
  const std::string section = SectionFor(layers, flags.target);
  AddVariable("DATABASE_URL", "database_url", layers);
  AddEnvironment(CommonTargetKeys(), layers);
  // A variable is set once and for all; the flags stand beside --target and mean that one.
  RefuseForSeveral(layers);
  AddFlags(flags, layers);
  return LayTarget(layers, section, {}).value.settings;
}

std::vector<std::string> SettingsKeys() {
  std::vector<std::string> names;
  for (const auto& key : AgentKeys()) names.push_back(key.name);
  for (const auto& key : TargetKeys()) names.push_back(key.name);
  return names;
}

}  // namespace lockstep
