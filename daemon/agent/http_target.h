// What a request asks for: the path and the query of its request line. Pure.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <variant>

namespace lockstep {

struct HttpTarget {
  std::string path;  // percent-decoded, valid UTF-8 without control characters
  std::map<std::string, std::string, std::less<>> query;  // percent-decoded, valid UTF-8
};

// What is wrong with one, for the client to read.
struct HttpTargetFault {
  std::string detail;
};

// Takes "/path?name=value&name" and, as a proxy sends it, "http://host/path". A "+" stays what it
// is, since goals look like "+1". A name that is given twice is a fault: nobody can say which one
// counts. Sources: RFC 9112, 3.2; RFC 3986, 2.1.
std::variant<HttpTarget, HttpTargetFault> ParseHttpTarget(std::string_view target);

}  // namespace lockstep
