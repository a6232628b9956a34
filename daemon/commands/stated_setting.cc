#include "commands/stated_setting.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace lockstep {
namespace {

std::string InToml(char c) {
  if (c == '"' || c == '\\') return std::string{'\\', c};
  if (c == '\n') return "\\n";
  if (c == '\t') return "\\t";
  const auto byte = static_cast<unsigned char>(c);
  const bool control = byte < 0x20 || byte == 0x7f;
  return control ? fmt::format("\\u{:04x}", byte) : std::string(1, c);
}

bool IsBare(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

}  // namespace

std::string TomlText(std::string_view text) {
  std::string quoted = "\"";
  while (const std::optional<std::size_t> broken = FirstInvalidUtf8(text)) {
    for (const char c : text.substr(0, *broken)) quoted += InToml(c);
    quoted += "\\ufffd";
    text.remove_prefix(*broken + 1);
  }
  for (const char c : text) quoted += InToml(c);
  return quoted + '"';
}

std::string TomlList(const std::vector<std::string>& texts) {
  std::vector<std::string> quoted;
  for (const std::string& text : texts) quoted.push_back(TomlText(text));
  return '[' + Join(quoted, ", ") + ']';
}

std::string TomlKey(std::string_view name) {
  const bool bare = !name.empty() && std::ranges::all_of(name, IsBare);
  return bare ? std::string(name) : TomlText(name);
}

}  // namespace lockstep
