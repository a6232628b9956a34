#include "base/json.h"

namespace lockstep {
namespace {

void AppendPretty(const json::value& value, const std::string& indent, std::string& text);

// The members between brackets, each on a line of its own; `append` writes one.
template <typename Container, typename Append>
void AppendMembers(const Container& members, const std::string& indent, std::string& text,
                   Append append) {
  const std::string deeper = indent + "  ";
  bool first = true;
  for (const auto& member : members) {
    text += first ? "\n" : ",\n";
    text += deeper;
    append(member, deeper);
    first = false;
  }
  text += "\n" + indent;
}

void AppendObject(const json::object& object, const std::string& indent, std::string& text) {
  text += "{";
  AppendMembers(object, indent, text,
                [&text](const json::key_value_pair& member, const std::string& deeper) {
                  text += json::serialize(json::string(member.key())) + ": ";
                  AppendPretty(member.value(), deeper, text);
                });
  text += "}";
}

void AppendArray(const json::array& array, const std::string& indent, std::string& text) {
  text += "[";
  AppendMembers(array, indent, text, [&text](const json::value& value, const std::string& deeper) {
    AppendPretty(value, deeper, text);
  });
  text += "]";
}

void AppendPretty(const json::value& value, const std::string& indent, std::string& text) {
  if (value.is_object() && !value.get_object().empty()) {
    AppendObject(value.get_object(), indent, text);
  } else if (value.is_array() && !value.get_array().empty()) {
    AppendArray(value.get_array(), indent, text);
  } else {
    text += json::serialize(value);
  }
}

}  // namespace

json::array ToJson(const std::vector<std::string>& strings) {
  json::array array;
  array.reserve(strings.size());
  for (const std::string& string : strings) array.emplace_back(string);
  return array;
}

std::vector<std::string> ToStrings(const json::value& array_of_strings) {
  std::vector<std::string> strings;
  for (const json::value& value : array_of_strings.as_array()) {
    strings.emplace_back(std::string_view(value.as_string()));
  }
  return strings;
}

std::string Pretty(const json::value& value) {
  std::string text;
  AppendPretty(value, "", text);
  return text + "\n";
}

}  // namespace lockstep
