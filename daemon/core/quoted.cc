#include "core/quoted.h"

#include "base/text.h"

namespace lockstep {

std::string Quoted(std::string_view value) { return "\"" + std::string(value) + "\""; }

std::string QuotedList(const std::vector<std::string>& values) {
  std::vector<std::string> quoted;
  for (const std::string& value : values) quoted.push_back(Quoted(value));
  return Join(quoted, ", ");
}

}  // namespace lockstep
