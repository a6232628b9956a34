#include "support/json_schema.h"

#include <algorithm>
#include <set>
#include <stdexcept>

namespace lockstep {
namespace {

bool IsOfType(const json::value& value, std::string_view type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_bool();
  if (type == "null") return value.is_null();
  if (type == "number") return value.is_number();
  if (type == "integer") return value.is_int64() || value.is_uint64();
  throw std::runtime_error("no type " + std::string(type));
}

bool IsOfAnyType(const json::value& value, const json::value& types) {
  if (types.is_string()) return IsOfType(value, types.get_string());
  return std::ranges::any_of(
      types.as_array(), [&](const json::value& type) { return IsOfType(value, type.as_string()); });
}

class Check {
 public:
  Check(const json::value& document, std::vector<std::string>& faults)
      : document_(document), faults_(faults) {}

  void Value(const json::value& value, const json::value& schema, const std::string& place) {
    static const std::set<std::string_view> kKnown = {
        "$ref",  "type",  "enum",       "required", "properties", "additionalProperties",
        "items", "oneOf", "description"};
    const json::object& rules = schema.as_object();
    for (const auto& rule : rules) {
      if (!kKnown.contains(rule.key())) {
        throw std::runtime_error("unknown keyword " + std::string(rule.key()));
      }
    }
    if (const auto* reference = rules.if_contains("$ref")) {
      return Value(value, Referred(reference->as_string()), place);
    }
    if (const auto* choices = rules.if_contains("oneOf")) return OneOf(value, *choices, place);
    if (const auto* type = rules.if_contains("type"); type && !IsOfAnyType(value, *type)) {
      return Fault(place, "is not of the type " + json::serialize(*type));
    }
    if (const auto* words = rules.if_contains("enum")) {
      if (std::ranges::find(words->as_array(), value) == words->as_array().end()) {
        Fault(place, "is none of " + json::serialize(*words));
      }
    }
    if (value.is_object()) Object(value.get_object(), rules, place);
    if (const auto* items = rules.if_contains("items"); items && value.is_array()) {
      for (const json::value& item : value.get_array()) Value(item, *items, place + "[]");
    }
  }

 private:
  void Fault(const std::string& place, const std::string& what) {
    faults_.push_back(place + " " + what);
  }

  const json::value& Referred(std::string_view reference) const {
    const std::string_view name = reference.substr(reference.rfind('/') + 1);
    return document_.at("components").at("schemas").as_object().at(name);
  }

  void OneOf(const json::value& value, const json::value& choices, const std::string& place) {
    std::vector<std::string> all;
    for (const json::value& choice : choices.as_array()) {
      std::vector<std::string> faults;
      Check(document_, faults).Value(value, choice, place);
      if (faults.empty()) return;
      all.insert(all.end(), faults.begin(), faults.end());
    }
    faults_.insert(faults_.end(), all.begin(), all.end());
  }

  void Object(const json::object& object, const json::object& rules, const std::string& place) {
    const json::value* properties = rules.if_contains("properties");
    if (const auto* required = rules.if_contains("required")) {
      for (const json::value& key : required->as_array()) {
        if (!object.contains(key.as_string())) {
          Fault(place, "lacks \"" + std::string(key.as_string()) + "\"");
        }
      }
    }
    const auto* more = rules.if_contains("additionalProperties");
    for (const auto& member : object) {
      const json::value* rule =
          properties == nullptr ? nullptr : properties->as_object().if_contains(member.key());
      const std::string inner = place + "." + std::string(member.key());
      if (rule != nullptr) Value(member.value(), *rule, inner);
      if (rule == nullptr && more != nullptr && *more == false) Fault(inner, "is not described");
    }
  }

  const json::value& document_;
  std::vector<std::string>& faults_;
};

}  // namespace

std::vector<std::string> SchemaFaults(const json::value& value, const json::value& schema,
                                      const json::value& document, const std::string& place) {
  std::vector<std::string> faults;
  Check(document, faults).Value(value, schema, place);
  return faults;
}

}  // namespace lockstep
