#include "agent/request_body.h"

#include <algorithm>

#include "base/text.h"

namespace lockstep {
namespace {

constexpr std::size_t kDeepest = 32;

Problem Bad(const std::string& detail, const std::string& hint = {}) {
  return {.status = 400, .detail = detail, .hint = hint};
}

std::vector<std::string> NamesOf(const std::vector<BodyKey>& keys) {
  std::vector<std::string> names;
  for (const BodyKey& key : keys) names.emplace_back(key.name);
  return names;
}

Problem UnknownKey(std::string_view name, const std::vector<BodyKey>& keys) {
  const std::vector<std::string> names = NamesOf(keys);
  const auto nearest = Nearest(name, names);
  std::string hint = "known are: " + Join(names, ", ");
  if (names.empty()) hint = "this path takes no keys";
  if (nearest) hint = "did you mean \"" + *nearest + "\"?";
  return Bad("the body has an unknown key \"" + Escaped(name) + "\"", hint);
}

std::optional<Problem> CheckMembers(const json::object& object, const std::vector<BodyKey>& keys) {
  for (const auto& member : object) {
    const auto key = std::ranges::find(keys, std::string_view(member.key()), &BodyKey::name);
    if (key == keys.end()) return UnknownKey(member.key(), keys);
    if (member.value().kind() == key->kind) continue;
    return Bad("\"" + std::string(key->name) + "\" must be a " +
               std::string(json::to_string(key->kind)));
  }
  for (const BodyKey& key : keys) {
    if (key.required && !object.contains(key.name)) {
      return Bad("the body lacks \"" + std::string(key.name) + "\"");
    }
  }
  return {};
}

}  // namespace

std::variant<json::object, Problem> ReadBody(const std::string& body,
                                             const std::vector<BodyKey>& keys) {
  json::value value = json::object{};
  if (!Trim(body).empty()) {
    json::error_code problem;
    json::parse_options options;
    options.max_depth = kDeepest;
    value = json::parse(body, problem, {}, options);
    if (problem == json::error::too_deep) {
      return Problem{.status = 413, .detail = "the body's JSON is nested deeper than 32"};
    }
    if (problem) return Bad("the body is not JSON: " + problem.message());
  }
  if (!value.is_object()) return Bad("the body must be a JSON object");
  if (auto problem = CheckMembers(value.get_object(), keys)) return *problem;
  return std::move(value.get_object());
}

}  // namespace lockstep
