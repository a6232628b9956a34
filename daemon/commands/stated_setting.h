// What somebody said about a setting, before it is known whether there is such a setting.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

struct StatedValue {
  enum class Kind {
    kText,
    kNumber,
    kSwitch,  // a boolean; its text is "on" or "off"
    kList,    // of strings
    kTable,
    kOther,
  };
  Kind kind = Kind::kText;
  std::string text;
  std::vector<std::string> list;
};

// What may stand as a key's value in the file.
enum class ValueShape {
  kText,    // a string, or a number
  kExact,   // a string only
  kSwitch,  // "on", "off", or a boolean
  kNames,   // a string with commas, or a list of strings
  kWords,   // a list of strings: a program and its arguments. Not from the environment
};

// One key with its value, and where it was said. Never printed as a whole: the value may be secret.
struct StatedSetting {
  std::string section;  // "shop" in [target.shop]; empty: the top of the file, or no file
  std::string key;      // "backup.keep", as TOML spells it; empty: [target.shop] itself
  std::string name;     // the last part of the key, without TOML's quotes
  StatedValue value;
  std::string origin;       // "FILE:12", "LOCKSTEP_DIR", "--dir"
  std::string key_place;    // "FILE:12:1"; empty: not in a file
  std::string value_place;  // "FILE:12:7"; empty: not in a file
};

// A string as TOML writes it, with its quotes. What is no UTF-8 is replaced by U+FFFD.
std::string TomlText(std::string_view text);

// `["a", "b"]`.
std::string TomlList(const std::vector<std::string>& texts);

// A part of a key as TOML writes it: bare where it can be.
std::string TomlKey(std::string_view name);

}  // namespace lockstep
