// A relation's name as SQL writes it, taken apart.
#pragma once

#include <string>
#include <string_view>

namespace lockstep {

struct RelationName {
  std::string schema;  // empty when there is none
  std::string name;
  bool operator==(const RelationName&) const = default;
};

// Of `public.orders`, `Orders` (which is "orders") or `"My Orders"`; quotes are taken away.
RelationName ParseRelationName(std::string_view sql);

// The last part of a name as it is written: `"My Orders"` of `public."My Orders"`.
std::string_view LastPart(std::string_view sql);

}  // namespace lockstep
