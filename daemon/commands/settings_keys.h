// The tables of keys: what each is called, how its value is read, and how it is told.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "commands/agent_settings.h"
#include "commands/stated_setting.h"

namespace lockstep {

template <class Owner>
struct SettingKey {
  std::string name;
  ValueShape shape = ValueShape::kText;
  // The end of a sentence that begins with the key, such as "must be longer than 0"; empty when it
  // was set. Throws Error for a URL that cannot be used.
  std::function<std::string(Owner&, const StatedValue&)> set;
  // The value as TOML writes it, secrets left out; empty when there is none.
  std::function<std::string(const Owner&)> get;
};

const std::vector<SettingKey<AgentSettings>>& AgentKeys();
// Of a target, whoever works on it.
const std::vector<SettingKey<Settings>>& CommonTargetKeys();
// Those and what the agent alone wants to know.
const std::vector<SettingKey<TargetSettings>>& TargetKeys();

template <class Owner>
const SettingKey<Owner>* FindKey(const std::vector<SettingKey<Owner>>& keys,
                                 std::string_view name) {
  for (const SettingKey<Owner>& key : keys) {
    if (key.name == name) return &key;
  }
  return nullptr;
}

}  // namespace lockstep
