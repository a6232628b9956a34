#include "postgres/connection_options.h"

#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <memory>
#include <vector>

#include "base/text.h"
#include "postgres/connection_refusal.h"

namespace lockstep {
namespace {

using OptionsPtr = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;

const std::vector<std::string>& Keywords() {
  static const std::vector<std::string> keywords = [] {
    const OptionsPtr defaults(PQconndefaults(), &PQconninfoFree);
    std::vector<std::string> names;
    for (const auto* option = defaults.get(); option != nullptr && option->keyword != nullptr;
         ++option) {
      names.emplace_back(option->keyword);
    }
    return names;
  }();
  return keywords;
}

bool IsDigits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// A name, an address or, for a socket, a folder ("@": an abstract one). What else libpq takes for a
// host is what follows a forgotten value: "host= password=...".
void CheckHosts(const std::string& list) {
  for (const std::string& host : SplitTrimmed(list, ',')) {
    if (host.starts_with('/') || host.starts_with('@')) continue;
    if (!IsHostName(host) && !IsIpv6(host)) {
      RefuseUrl("the host's name has a sign that no host's name has");
    }
  }
}

void CheckPorts(const std::string& list) {
  const auto ports = SplitTrimmed(list, ',');
  if (!std::all_of(ports.begin(), ports.end(), IsPort)) {
    RefuseUrl("the port is not a number from 1 to 65535");
  }
}

void CheckSslMode(std::string_view mode) {
  constexpr std::array<std::string_view, 6> kModes = {"disable", "allow",     "prefer",
                                                      "require", "verify-ca", "verify-full"};
  if (std::find(kModes.begin(), kModes.end(), mode) == kModes.end()) {
    RefuseUrl("\"sslmode\" is none of disable, allow, prefer, require, verify-ca, verify-full");
  }
}

// libpq can read a name as a connection string of its own, with a password of its own.
void CheckDatabase(std::string_view name) {
  if (name.find('=') != std::string_view::npos || name.find("://") != std::string_view::npos) {
    RefuseUrl("the database's name is a connection string itself");
  }
}

// What is true of every form, once libpq has taken the text apart.
void CheckValues(const ConnectionOptions& options) {
  for (const auto& [key, value] : options) {
    if (key == "host" || key == "hostaddr") CheckHosts(value);
    if (key == "port") CheckPorts(value);
    if (key == "sslmode") CheckSslMode(value);
    if (key == "dbname") CheckDatabase(value);
    if (!IsPasswordKeyword(key) && std::any_of(value.begin(), value.end(), IsControlByte)) {
      RefuseUrl("a value has a control character");
    }
  }
}

ConnectionOptions ParseByLibpq(const std::string& text) {
  char* problem = nullptr;
  const OptionsPtr parsed(PQconninfoParse(text.c_str(), &problem), &PQconninfoFree);
  // libpq's own words repeat parts of the text.
  PQfreemem(problem);
  if (!parsed) RefuseUrl("PostgreSQL's client cannot read it", std::string(kConnectionForms));
  ConnectionOptions options;
  for (const auto* option = parsed.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) options[option->keyword] = option->val;
  }
  return options;
}

}  // namespace

ConnectionOptions ReadConnectionOptions(const std::string& text) {
  ConnectionOptions options = ParseByLibpq(text);
  CheckValues(options);
  return options;
}

bool IsConnectionKeyword(std::string_view key) {
  return std::find(Keywords().begin(), Keywords().end(), key) != Keywords().end();
}

bool IsPasswordKeyword(std::string_view key) { return key == "password" || key == "sslpassword"; }

// What was written is never repeated: it may be a piece of a password.
void RefuseUnknownOption(std::string_view key, bool after_password) {
  const auto nearest = Nearest(key, Keywords());
  const bool meant = nearest && !after_password;
  RefuseUrl(
      "it has an option that PostgreSQL's client does not know",
      meant ? "did you mean \"" + *nearest + "\"?"
            : "a \"&\" or a blank inside a password has to be escaped; the options are those of "
              "libpq's manual");
}

bool IsPort(std::string_view text) {
  int port = 0;
  std::from_chars(text.data(), text.data() + text.size(), port);
  return text.empty() || (text.size() <= 5 && IsDigits(text) && port >= 1 && port <= 65535);
}

bool IsHostName(std::string_view host) {
  return std::all_of(host.begin(), host.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' || c == '_' ||
           c == '%';
  });
}

bool IsIpv6(std::string_view host) {
  // Behind a "%" a zone, which is a network interface's name: "fe80::1%eth0".
  const std::string_view address = host.substr(0, host.find('%'));
  return address.find(':') != std::string_view::npos &&
         std::all_of(address.begin(), address.end(),
                     [](char c) {
                       return std::isxdigit(static_cast<unsigned char>(c)) != 0 || c == ':' ||
                              c == '.';
                     }) &&
         IsHostName(host.substr(address.size()));
}

bool IsControlByte(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

}  // namespace lockstep
