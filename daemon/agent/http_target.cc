#include "agent/http_target.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/text.h"

namespace lockstep {
namespace {

// Nothing when an escape is not "%" and two hexadecimal digits.
std::optional<std::string> PercentDecoded(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  while (!text.empty()) {
    if (text.front() != '%') {
      decoded += text.front();
      text.remove_prefix(1);
      continue;
    }
    if (text.size() < 3) return {};
    unsigned char byte = 0;
    const char* const end = text.data() + 3;
    if (std::from_chars(text.data() + 1, end, byte, 16).ptr != end) return {};
    decoded += static_cast<char>(byte);
    text.remove_prefix(3);
  }
  return decoded;
}

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// The text decoded into `result`; otherwise what is wrong with it.
std::optional<HttpTargetFault> Decode(std::string_view text, std::string_view what,
                                      std::string& result) {
  const auto decoded = PercentDecoded(text);
  const std::string named = "the " + std::string(what) + " '" + Escaped(text) + "' ";
  if (!decoded) return HttpTargetFault{named + "has a '%' without two hexadecimal digits"};
  if (FirstInvalidUtf8(*decoded)) return HttpTargetFault{named + "is not UTF-8"};
  if (std::any_of(decoded->begin(), decoded->end(), IsControl)) {
    return HttpTargetFault{named + "holds a control character"};
  }
  result = *decoded;
  return {};
}

std::optional<HttpTargetFault> ParsePair(std::string_view pair, HttpTarget& target) {
  const std::size_t equals = std::min(pair.find('='), pair.size());
  std::string name, value;
  if (auto fault = Decode(pair.substr(0, equals), "name of a parameter", name)) return fault;
  if (equals < pair.size()) {
    if (auto fault = Decode(pair.substr(equals + 1), "parameter", value)) return fault;
  }
  if (!target.query.emplace(name, value).second) {
    return HttpTargetFault{"the parameter '" + name + "' is given twice"};
  }
  return {};
}

std::optional<HttpTargetFault> ParseQuery(std::string_view query, HttpTarget& target) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    if (end > 0) {
      if (auto fault = ParsePair(query.substr(0, end), target)) return fault;
    }
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return {};
}

// "/path?query" of "http://host/path?query"; "/" when there is nothing behind the host.
std::string OriginForm(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!EqualIgnoringCase(target.substr(0, scheme.size()), scheme)) continue;
    target.remove_prefix(scheme.size());
    target.remove_prefix(std::min(target.find_first_of("/?"), target.size()));
    return target.starts_with('/') ? std::string(target) : "/" + std::string(target);
  }
  return std::string(target);
}

}  // namespace

std::variant<HttpTarget, HttpTargetFault> ParseHttpTarget(std::string_view text) {
  const std::string origin = OriginForm(text);
  const std::string_view whole = origin;
  if (!whole.starts_with('/') || whole.find('#') != whole.npos) {
    return HttpTargetFault{"'" + Escaped(text) + "' is no path: it starts with '/' and has no '#'"};
  }
  HttpTarget target;
  const std::size_t mark = std::min(whole.find('?'), whole.size());
  if (auto fault = Decode(whole.substr(0, mark), "path", target.path)) return *fault;
  if (mark < whole.size()) {
    if (auto fault = ParseQuery(whole.substr(mark + 1), target)) return *fault;
  }
  return target;
}

}  // namespace lockstep
