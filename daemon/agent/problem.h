// Bad news to an HTTP client, as RFC 9457 has it.
#pragma once

#include <string>
#include <string_view>

#include "agent/http_server.h"

namespace lockstep {

struct Problem {
  int status = 500;
  std::string detail;  // what happened, to what
  std::string hint;    // what to do
  std::string sqlstate;
  std::string revision;
  std::string run_id;
};

// Its type and title follow from the status; docs/api.md lists them.
HttpResponse ToResponse(const Problem& problem);

}  // namespace lockstep
