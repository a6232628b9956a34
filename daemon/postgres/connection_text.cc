#include "postgres/connection_text.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "base/text.h"
#include "postgres/connection_options.h"
#include "postgres/connection_refusal.h"

namespace lockstep {
namespace {

constexpr std::size_t kMostBytes = 16 * 1024;

void CheckBytes(std::string_view text) {
  if (Trim(text).empty()) RefuseUrl("it is empty", std::string(kConnectionForms));
  if (text.size() > kMostBytes) RefuseUrl("it is longer than 16 KiB");
  if (text.find('\0') != std::string_view::npos) RefuseUrl("it has a NUL byte");
  if (text.find_first_of("\r\n") != std::string_view::npos) {
    RefuseUrl("it has a line break", "write it in one line, without a line end after it");
  }
  if (std::any_of(text.begin(), text.end(), IsControlByte)) RefuseUrl("it has a control character");
}

// ---- URLs ------------------------------------------------------------------------------------

// "postgresql+asyncpg", and what stands after "://".
struct SchemeSplit {
  std::string_view scheme, rest;
};

std::optional<SchemeSplit> SplitScheme(std::string_view text) {
  const auto end = text.find("://");
  if (end == std::string_view::npos) return {};
  const std::string_view scheme = text.substr(0, end);
  // In "password=a://b" the sign comes first: a keyword string.
  if (scheme.find('=') != std::string_view::npos) return {};
  return SchemeSplit{scheme, text.substr(end + 3)};
}

bool IsDriver(std::string_view driver) {
  return !driver.empty() && std::all_of(driver.begin(), driver.end(), [](char c) {
    return std::islower(static_cast<unsigned char>(c)) != 0 || (c >= '0' && c <= '9') || c == '_';
  });
}

bool IsPostgresScheme(std::string_view scheme) {
  const auto plus = scheme.find('+');
  const std::string_view name = scheme.substr(0, plus);
  if (name != "postgresql" && name != "postgres") return false;
  return plus == std::string_view::npos || IsDriver(scheme.substr(plus + 1));
}

void CheckScheme(std::string_view scheme) {
  if (IsPostgresScheme(scheme)) return;
  if (scheme == "jdbc:postgresql") {
    RefuseUrl("\"jdbc:\" belongs to Java",
              "leave \"jdbc:\" out, and write the user before the host");
  }
  constexpr std::array<std::string_view, 11> kOthers = {"mysql", "mariadb",     "sqlite", "sqlite3",
                                                        "mssql", "oracle",      "redis",  "mongodb",
                                                        "http",  "cockroachdb", "https"};
  const std::string name = ToLower(scheme.substr(0, scheme.find('+')));
  if (std::find(kOthers.begin(), kOthers.end(), name) == kOthers.end()) {
    RefuseUrl("it does not begin with \"postgresql://\"", std::string(kConnectionForms));
  }
  RefuseUrl("\"" + name + "://\" is not PostgreSQL", std::string(kConnectionForms));
}

[[noreturn]] void RefuseRaw(char c, const std::string& place, std::string hint = {}) {
  RefuseUrl((c == '@' ? "an \"" : "a \"") + std::string(1, c) + "\" in " + place +
                " must be written \"" + PercentEncoded(c) + '"',
            std::move(hint));
}

bool IsHex(char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; }

void CheckEscapes(std::string_view text) {
  for (auto at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1)) {
    if (at + 2 >= text.size() || !IsHex(text[at + 1]) || !IsHex(text[at + 2])) {
      RefuseRaw('%', "the password or elsewhere");
    }
    if (text.substr(at + 1, 2) == "00") RefuseUrl("it has an escaped NUL byte (\"%00\")");
  }
}

// The parts between the marks that RFC 3986 gives them, still escaped.
struct UrlParts {
  std::string_view authority, path, query;
};

UrlParts SplitUrl(std::string_view rest) {
  UrlParts parts;
  const auto end = rest.find_first_of("/?");
  parts.authority = rest.substr(0, end);
  if (end == std::string_view::npos) return parts;
  const auto question = rest.find('?', end);
  parts.path = rest.substr(end, question == std::string_view::npos ? question : question - end);
  if (question != std::string_view::npos) parts.query = rest.substr(question + 1);
  return parts;
}

// A raw "/" or "?" ends the password too early, and leaves the "@" behind it in the path or the
// query.
void CheckLateAt(const UrlParts& parts) {
  if (parts.path.find('@') == std::string_view::npos &&
      parts.query.find('@') == std::string_view::npos) {
    return;
  }
  const std::string_view authority = parts.authority;
  const auto colon = authority.find(':');
  if (authority.find('@') == std::string_view::npos && colon != std::string_view::npos &&
      !IsPort(authority.substr(colon + 1))) {
    RefuseRaw(parts.path.empty() ? '?' : '/', "the password");
  }
  RefuseRaw('@', "the password, the database's name or an option",
            "in a password, \"/\" must be written \"%2F\", and \"?\" \"%3F\"");
}

void CheckUserInfo(std::string_view info) {
  const auto colon = info.find(':');
  if (colon == std::string_view::npos) return;
  if (info.find(':', colon + 1) != std::string_view::npos) RefuseRaw(':', "the password");
}

// "host:port", "[::1]:port", "%2Frun%2Fpostgresql".
void CheckHost(std::string_view host) {
  std::string_view port;
  if (host.starts_with('[')) {
    const auto end = host.find(']');
    if (end == std::string_view::npos || !IsIpv6(host.substr(1, end - 1))) {
      RefuseUrl("there is no IPv6 address between \"[\" and \"]\"");
    }
    port = host.substr(end + 1);
  } else {
    const auto colon = host.find(':');
    if (!IsHostName(host.substr(0, colon))) {
      RefuseUrl("the host's name has a sign that no host's name has",
                "a sign of the password that is neither letter nor digit must be escaped: \"/\" is "
                "\"%2F\", \"@\" is \"%40\"");
    }
    if (colon != std::string_view::npos) port = host.substr(colon);
  }
  if (!port.empty() && (port[0] != ':' || !IsPort(port.substr(1)))) {
    RefuseUrl("the port is not a number from 1 to 65535",
              "after a forgotten \"@host\", a password stands where the port should be");
  }
}

void CheckAuthority(std::string_view authority) {
  const auto at = authority.find('@');
  if (at != std::string_view::npos) {
    if (authority.find('@', at + 1) != std::string_view::npos) RefuseRaw('@', "the password");
    CheckUserInfo(authority.substr(0, at));
    authority.remove_prefix(at + 1);
  }
  for (const std::string& host : SplitTrimmed(authority, ',')) CheckHost(host);
}

// Options of Python's drivers that concern the driver alone.
bool ConcernsDriverAlone(std::string_view key) {
  constexpr std::array<std::string_view, 6> kKeys = {
      "async_fallback",       "prepared_statement_cache_size", "prepared_statement_name_func",
      "statement_cache_size", "max_cached_statement_lifetime", "max_cacheable_statement_size"};
  return std::find(kKeys.begin(), kKeys.end(), key) != kKeys.end();
}

// asyncpg's "ssl" takes libpq's modes, and true or false.
std::string SslModeOf(std::string_view value) {
  if (value == "true") return "require";
  if (value == "false") return "disable";
  return std::string(value);
}

// The query as libpq takes it.
std::string TranslateQuery(std::string_view query, bool with_driver) {
  std::vector<std::string> translated;
  bool after_password = false;
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const std::string_view option = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const auto equals = option.find('=');
    if (equals == std::string_view::npos) {
      RefuseUrl("an option after the \"?\" has no \"=\"",
                "a \"?\" in the password must be written \"%3F\", a \"&\" \"%26\"");
    }
    const std::string_view key = option.substr(0, equals);
    const std::string_view value = option.substr(equals + 1);
    if (value.find('=') != std::string_view::npos) RefuseRaw('=', "the value of an option");
    if (key == "ssl") {
      translated.push_back("sslmode=" + SslModeOf(value));
    } else if (IsConnectionKeyword(key)) {
      translated.emplace_back(option);
    } else if (!with_driver || !ConcernsDriverAlone(key)) {
      RefuseUnknownOption(key, after_password);
    }
    after_password = after_password || IsPasswordKeyword(key);
  }
  return Join(translated, "&");
}

std::string UrlForLibpq(const SchemeSplit& split) {
  CheckScheme(split.scheme);
  const std::string_view rest = split.rest;
  if (rest.find('#') != std::string_view::npos) RefuseRaw('#', "the password or elsewhere");
  if (rest.find(' ') != std::string_view::npos) RefuseRaw(' ', "the password or elsewhere");
  CheckEscapes(rest);
  const UrlParts parts = SplitUrl(rest);
  CheckLateAt(parts);
  CheckAuthority(parts.authority);
  if (parts.path.find('/', 1) != std::string_view::npos) {
    RefuseRaw('/', "the password or the database's name");
  }
  const bool with_driver = split.scheme.find('+') != std::string_view::npos;
  const std::string query = TranslateQuery(parts.query, with_driver);
  return "postgresql://" + std::string(parts.authority) + std::string(parts.path) +
         (query.empty() ? "" : "?" + query);
}

// ---- Keyword strings --------------------------------------------------------------------------

std::string_view SkipBlanks(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(' '), text.size()));
}

// The bytes that a value takes, quotes included.
std::size_t LengthOfValue(std::string_view text) {
  const bool quoted = text.starts_with('\'');
  for (std::size_t at = quoted ? 1 : 0; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (quoted && text[at] == '\'') {
      return at + 1;
    } else if (!quoted && text[at] == ' ') {
      return at;
    }
  }
  if (quoted) RefuseUrl("a value has no closing quote", "a quote inside of it is written \"\\'\"");
  return text.size();
}

void CheckKeywordString(std::string_view text) {
  bool after_password = false;
  for (text = SkipBlanks(text); !text.empty(); text = SkipBlanks(text)) {
    const auto equals = text.find('=');
    const std::string_view key = Trim(text.substr(0, equals));
    if (equals == std::string_view::npos || key.find(' ') != std::string_view::npos) {
      RefuseUrl("a word in it has no \"=\"",
                "a value with blanks stands between single quotes: password='two words'");
    }
    if (!IsConnectionKeyword(key)) RefuseUnknownOption(key, after_password);
    after_password = after_password || IsPasswordKeyword(key);
    text = SkipBlanks(text.substr(equals + 1));
    text.remove_prefix(LengthOfValue(text));
  }
}

std::string CheckedKeywordString(std::string_view text) {
  if (text.find('=') == std::string_view::npos) {
    RefuseUrl("it is neither a URL nor a keyword string", std::string(kConnectionForms));
  }
  CheckKeywordString(text);
  return std::string(text);
}

}  // namespace

std::string TextForLibpq(std::string_view text) {
  CheckBytes(text);
  const auto split = SplitScheme(text);
  return split ? UrlForLibpq(*split) : CheckedKeywordString(text);
}

std::string PercentEncoded(char c) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  return std::string("%") + kDigits[byte >> 4] + kDigits[byte & 15];
}

}  // namespace lockstep
