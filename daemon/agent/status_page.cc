#include "agent/status_page.h"

#include <status_page_files.h>

namespace lockstep {

std::string StatusPage(const json::object& status) {
  std::string page(status_page_files().front().second);
  constexpr std::string_view kPlace = "@STATUS@";
  page.replace(page.find(kPlace), kPlace.size(), json::serialize(status));
  return page;
}

}  // namespace lockstep
