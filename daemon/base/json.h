// Boost.JSON under a short name, and the few ways in which we use it.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

namespace json = boost::json;

json::array ToJson(const std::vector<std::string>& strings);
std::vector<std::string> ToStrings(const json::value& array_of_strings);

// Indented by two spaces, ends with a newline: for people who read JSON.
std::string Pretty(const json::value& value);

}  // namespace lockstep
