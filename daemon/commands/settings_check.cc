#include "commands/settings_check.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "commands/password_file.h"

namespace lockstep {
namespace {

constexpr const char* kHint = "docs/settings.md lists the keys";
constexpr const char* kCommandHint =
    "the program's absolute path first: [\"/usr/local/bin/notify\", \"argument\"]";
constexpr const char* kTargetHint = "a section for each target: [target.NAME]";

using Kind = StatedValue::Kind;

// ---- One value -------------------------------------------------------------------------------

// The end of a sentence that begins with the key; empty when the value may stand there.
std::string ShapeProblem(Kind kind, ValueShape shape) {
  const bool text = kind == Kind::kText || kind == Kind::kNumber;
  switch (shape) {
    case ValueShape::kText:
      return text ? "" : "must be a string";
    case ValueShape::kExact:
      return kind == Kind::kText ? "" : "must be a string";
    case ValueShape::kSwitch:
      return text || kind == Kind::kSwitch ? "" : "must be \"on\" or \"off\"";
    case ValueShape::kNames:
      return text || kind == Kind::kList ? "" : "must be a string, or a list of strings";
    case ValueShape::kWords:
      return kind == Kind::kList ? "" : "must be a list of strings";
  }
  return "";
}

// The system's calls would end there, and PostgreSQL refuses it.
bool HasNul(const StatedValue& value) {
  const auto has = [](const std::string& text) { return text.find('\0') != std::string::npos; };
  return has(value.text) || std::ranges::any_of(value.list, has);
}

// ---- Which keys there are --------------------------------------------------------------------

bool IsAgentKey(std::string_view name) { return FindKey(AgentKeys(), name) != nullptr; }

template <class Owner>
void AddNames(const std::vector<SettingKey<Owner>>& keys, std::vector<std::string>& names) {
  for (const SettingKey<Owner>& key : keys) names.push_back(key.name);
}

std::vector<std::string> TargetNames() {
  std::vector<std::string> names;
  AddNames(TargetKeys(), names);
  names.emplace_back("variables");
  return names;
}

std::vector<std::string> NamesAtTheTop() {
  std::vector<std::string> names;
  AddNames(AgentKeys(), names);
  std::ranges::copy(TargetNames(), std::back_inserter(names));
  return names;
}

// "backup" of "backup.keep".
bool IsGroupOf(std::string_view name, const std::vector<std::string>& names) {
  return name == "variables" || std::ranges::any_of(names, [name](const std::string& key) {
           return key.size() > name.size() && key.starts_with(name) && key[name.size()] == '.';
         });
}

void AddGroups(std::vector<std::string>& names) {
  const std::vector<std::string> keys = names;
  for (const std::string& key : keys) {
    const std::string group = key.substr(0, key.find('.'));
    if (std::ranges::find(names, group) == names.end()) names.push_back(group);
  }
}

[[noreturn]] void RefuseKey(const StatedSetting& said, const std::string& problem,
                            const std::string& hint) {
  throw Error(ErrorCode::kBadSettings, said.key_place + ": " + problem, hint);
}

[[noreturn]] void RefuseUnknown(const StatedSetting& said, std::vector<std::string> names) {
  AddGroups(names);
  const std::optional<std::string> nearest = Nearest(said.key, names);
  const std::string where =
      said.section.empty() ? "" : " in [target." + TomlKey(said.section) + "]";
  RefuseKey(said, "unknown key \"" + Escaped(said.key) + "\"" + where,
            nearest ? "did you mean \"" + *nearest + "\"?" : kHint);
}

// ---- A key of the file -----------------------------------------------------------------------

// They become labels of metrics and parts of paths in the API.
void CheckTargetName(const StatedSetting& said) {
  constexpr std::size_t kMost = 63;
  const std::string& name = said.section;
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  };
  const bool good =
      !name.empty() && name.size() <= kMost && name[0] != '.' && std::ranges::all_of(name, fits);
  if (good) return;
  RefuseKey(said, "\"" + Escaped(name) + "\" cannot be a target's name",
            "letters, digits, \"_\", \"-\" and, not as the first, \".\"; at most 63 of them");
}

void CheckInSection(const StatedSetting& said) {
  if (said.key.empty()) return CheckTargetName(said);
  if (IsAgentKey(said.key) ||
      (said.value.kind == Kind::kTable && !IsGroupOf(said.key, TargetNames()) &&
       IsGroupOf(said.key, NamesAtTheTop()))) {
    RefuseKey(said, "\"" + said.key + "\" is the agent's and not a target's",
              "write it at the top of the file, before the first [section]");
  }
}

// Tables and keys that are none, before a value is looked at. True: it is dealt with.
bool CheckAsTable(const StatedSetting& said, const std::vector<std::string>& names) {
  const bool in_target = said.key.starts_with("target.");
  // The one section that is none: [target.""].
  if (in_target && said.value.kind == Kind::kTable) CheckTargetName(said);
  if (in_target || said.key == "target") {
    throw Error(ErrorCode::kBadSettings,
                said.value_place + ": \"" + Escaped(said.key) + "\" must be a table", kTargetHint);
  }
  if (!IsGroupOf(said.key, names)) return false;
  if (said.value.kind == Kind::kTable) return true;
  RefuseSetting(said, "must be a table");
}

// By a copy of the defaults, which is thrown away.
void CheckStated(const StatedSetting& said) {
  if (!said.section.empty()) CheckInSection(said);
  if (said.key.empty()) return;
  TargetSettings target;
  if (IsVariable(said)) return ApplyVariable(said, target.settings);
  const std::vector<std::string> names = said.section.empty() ? NamesAtTheTop() : TargetNames();
  if (const auto* key = FindKey(TargetKeys(), said.key)) return Apply(*key, said, target);
  const auto* key = said.section.empty() ? FindKey(AgentKeys(), said.key) : nullptr;
  if (key == nullptr) {
    if (CheckAsTable(said, names)) return;
    RefuseUnknown(said, names);
  }
  AgentSettings agent;
  Apply(*key, said, agent);
}

// ---- The file as a whole ---------------------------------------------------------------------

bool HoldsPassword(const StatedSetting& said) {
  if (said.key != "database_url" && said.key != "standby_guard.urls") return false;
  Settings settings;
  Apply(*FindKey(CommonTargetKeys(), said.key), said, settings);
  const auto has_password = [](const ConnectionUrl& url) { return !url.Get("password").empty(); };
  return (settings.url && has_password(*settings.url)) ||
         std::ranges::any_of(settings.standby_urls, has_password);
}

bool NamesHook(const StatedSetting& said) {
  const auto* key = FindKey(TargetKeys(), said.key);
  return key != nullptr && key->shape == ValueShape::kWords;
}

// Who may write the file decides which programs we run.
void RequireTrustedForHooks(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return;
  const bool ours = status.st_uid == 0 || status.st_uid == geteuid();
  const bool closed = (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
  if (ours && closed) return;
  throw Error(ErrorCode::kBadSettings,
              "\"" + path + "\" names hooks and could be changed by others; they are not run",
              "make it yours and closed: chown, and chmod go-w");
}

}  // namespace

void RefuseSetting(const StatedSetting& said, const std::string& problem) {
  const std::string subject =
      said.value_place.empty() ? said.origin : said.value_place + ": \"" + Escaped(said.key) + "\"";
  const bool command = problem == ShapeProblem(Kind::kOther, ValueShape::kWords);
  throw Error(ErrorCode::kBadSettings, subject + " " + problem, command ? kCommandHint : kHint);
}

void RequireShape(const StatedSetting& said, ValueShape shape) {
  const std::string problem = ShapeProblem(said.value.kind, shape);
  if (!problem.empty()) RefuseSetting(said, problem);
  if (HasNul(said.value)) RefuseSetting(said, "must not have a NUL");
}

bool IsVariable(const StatedSetting& said) { return said.key.starts_with("variables."); }

void ApplyVariable(const StatedSetting& said, Settings& settings) {
  RequireShape(said, ValueShape::kExact);
  settings.run.variables[said.name] = said.value.text;
}

void CheckSettingsFile(const std::string& path, const std::vector<StatedSetting>& stated) {
  for (const StatedSetting& said : stated) CheckStated(said);
  if (std::ranges::any_of(stated, HoldsPassword)) {
    RequirePrivateFile(path, "the configuration file, which holds a password,");
  }
  if (std::ranges::any_of(stated, NamesHook)) RequireTrustedForHooks(path);
}

}  // namespace lockstep
