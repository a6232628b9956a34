#include "core/variables.h"

#include "base/text.h"

namespace lockstep {
namespace {

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// The name in "${NAME}" at `at`; empty when there is none.
std::string_view NameAt(std::string_view text, std::size_t at) {
  std::size_t end = at + 2;
  while (end < text.size() && IsNameCharacter(text[end])) ++end;
  if (end >= text.size() || text[end] != '}') return {};
  return text.substr(at + 2, end - at - 2);
}

Diagnostic UnsetVariable(const Script& script, std::size_t at, std::string_view name) {
  const TextPosition place = PositionAt(script.text, at);
  return {.code = "unset-variable",
          .file = script.file,
          .line = place.line,
          .column = place.column,
          .message = "the variable \"" + std::string(name) + "\" is not set",
          .hint = "set it in the environment, or under [variables] in the configuration",
          .source_line = place.source_line};
}

}  // namespace

std::variant<SharedText, Diagnostics> ReplaceVariables(const Script& script,
                                                       const VariableLookup& lookup) {
  if (!script.variables) return script.text;
  const std::string_view text = script.text;
  std::string replaced;
  Diagnostics unset;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t next = std::min(text.find("${", at), text.size());
    replaced += text.substr(at, next - at);
    if (next == text.size()) break;
    const std::string_view name = NameAt(text, next);
    const auto value = name.empty() ? std::optional<std::string>("${") : lookup(std::string(name));
    if (!value) unset.push_back(UnsetVariable(script, next, name));
    if (value) replaced += *value;
    at = next + 2 + (name.empty() ? 0 : name.size() + 1);
  }
  if (!unset.empty()) return unset;
  return SharedText(std::move(replaced));
}

}  // namespace lockstep
