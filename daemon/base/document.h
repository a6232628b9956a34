// Reads JSON documents leniently: a newer program may leave a key out or add one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace lockstep {

std::string TextAt(const json::object& document, std::string_view key);  // "" for null
double NumberAt(const json::object& document, std::string_view key);     // 0 for null
long long WholeAt(const json::object& document, std::string_view key);
bool TrueAt(const json::object& document, std::string_view key);  // false for null
bool IsNullAt(const json::object& document, std::string_view key);
const json::array& ListAt(const json::object& document, std::string_view key);     // empty for null
const json::object& ObjectAt(const json::object& document, std::string_view key);  // empty for null
// The list's members that are objects.
std::vector<json::object> ObjectsAt(const json::object& document, std::string_view key);
std::vector<std::string> TextsAt(const json::object& document, std::string_view key);

}  // namespace lockstep
