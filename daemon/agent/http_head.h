// The head of an answer: status line and header fields. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "agent/http_server.h"

namespace lockstep {

// How the answer goes over the connection.
struct HttpFraming {
  std::optional<std::size_t> length;  // of the body, when it is known
  bool chunked = false;               // otherwise; neither: until the connection ends
  bool old_client = false;            // HTTP/1.0, which closes unless told otherwise
  bool keep_alive = true;
};

// With the empty line that ends it. Every answer says no-store and nosniff, none says what made it.
// Control characters in the handler's header values are left out: they would end the line.
std::string MakeHttpHead(const HttpResponse& response, const HttpFraming& framing);

// These have no body, and no length of one either (RFC 9110, 8.6).
bool HasNoBody(int status);

}  // namespace lockstep
