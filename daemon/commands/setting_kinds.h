// Kinds of values: how each is read from what was said, and told again.
//
// A reader returns the end of a sentence that begins with the key, such as "must not be empty";
// empty when the field was set. A teller gives TOML.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "commands/stated_setting.h"
#include "postgres/connection_url.h"

namespace lockstep {

template <class Value>
struct SettingKind {
  ValueShape shape = ValueShape::kText;
  std::function<std::string(Value&, const StatedValue&)> read;
  std::function<std::string(const Value&)> tell;
};

SettingKind<std::string> AnyText();        // that is not empty; empty is told as nothing
SettingKind<std::string> AlembicTable();   // SCHEMA.TABLE
SettingKind<std::string> ListenAddress();  // HOST:PORT or "off"
SettingKind<std::string> SocketPath();     // or "off"
SettingKind<std::string> UpwardGoal();
SettingKind<bool> Switch();
SettingKind<unsigned> FileMode();  // "0660"
SettingKind<std::vector<std::string>> Names();
SettingKind<std::vector<std::string>> CommandLine();

// `problem` is what is said of a number outside of it.
SettingKind<int> Number(int least, int most, std::string problem);

SettingKind<Duration> LongerThanZero();
// A timer must be able to add it to the time: a year at most.
SettingKind<Duration> Pause();  // may be 0
SettingKind<Duration> PauseLongerThanZero();
SettingKind<std::optional<Duration>> PauseOr(std::string_view word);  // longer than 0
SettingKind<std::optional<Duration>> WaitOr(std::string_view word);   // may be 0
SettingKind<std::chrono::milliseconds> RoundedUp();                   // longer than 0

// Told without passwords, but with how the connection is secured, which must not get lost.
SettingKind<std::optional<ConnectionUrl>> Url();
SettingKind<std::vector<ConnectionUrl>> Urls();

// `"a", "b" or "c"`.
std::string OneOf(const std::vector<std::string>& words);

// One of some words. REQUIRES: each value has one.
template <class Value>
SettingKind<Value> Word(std::vector<std::pair<std::string, Value>> words) {
  std::vector<std::string> names;
  for (const auto& [name, value] : words) names.push_back(name);
  return {ValueShape::kText,
          [words, names](Value& field, const StatedValue& said) -> std::string {
            for (const auto& [name, value] : words) {
              if (name != said.text) continue;
              field = value;
              return "";
            }
            return "must be " + OneOf(names);
          },
          [words](const Value& field) {
            for (const auto& [name, value] : words) {
              if (value == field) return TomlText(name);
            }
            return std::string();
          }};
}

}  // namespace lockstep
