// Reads the bodies of requests: JSON objects with known keys, and nothing else. Pure.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "agent/problem.h"
#include "base/json.h"

namespace lockstep {

struct BodyKey {
  std::string_view name;
  json::kind kind;
  bool required = false;
};

// An empty body is an object without members. The problem names what is wrong with it: no JSON,
// deeper than 32, no object, an unknown key with the nearest known one, another type, a missing
// key.
std::variant<json::object, Problem> ReadBody(const std::string& body,
                                             const std::vector<BodyKey>& keys);

}  // namespace lockstep
