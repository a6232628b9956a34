#include "postgres/connection_url.h"

#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text.h"

// Nothing of the text may get into a message: libpq takes a password's "/" or "@" for the end of
// it, and the rest for a host, a port, a database or an option. So every message here is a
// constant, but for the names of libpq's keywords.
namespace lockstep {
namespace {

using Options = std::map<std::string, std::string>;
using OptionsPtr = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;

constexpr std::size_t kMostBytes = 16 * 1024;
constexpr std::string_view kForms =
    "write it as \"postgresql://user@host:5432/name\" or as \"host=... dbname=... user=...\"";

[[noreturn]] void Refuse(const std::string& what, std::string hint = {}) {
  throw Error(ErrorCode::kBadSettings, "the database URL cannot be used: " + what, std::move(hint));
}

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

bool IsKeyword(std::string_view key) {
  return std::find(Keywords().begin(), Keywords().end(), key) != Keywords().end();
}

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

void CheckBytes(std::string_view text) {
  if (Trim(text).empty()) Refuse("it is empty", std::string(kForms));
  if (text.size() > kMostBytes) Refuse("it is longer than 16 KiB");
  if (text.find('\0') != std::string_view::npos) Refuse("it has a NUL byte");
  if (text.find_first_of("\r\n") != std::string_view::npos) {
    Refuse("it has a line break", "write it in one line, without a line end after it");
  }
  if (std::any_of(text.begin(), text.end(), IsControl)) Refuse("it has a control character");
}

// The options that came before decide whether an unknown one may be named: after a password, it
// could be the rest of that.
[[noreturn]] void RefuseUnknown(std::string_view key, bool after_password) {
  const auto nearest = Nearest(key, Keywords());
  if (!nearest || after_password) {
    Refuse("it has an option that PostgreSQL's client does not know",
           "a \"&\" or a blank inside a password has to be escaped; the options are those of "
           "libpq's manual");
  }
  Refuse("it has the unknown option \"" + std::string(key) + "\"",
         "did you mean \"" + *nearest + "\"?");
}

bool IsPasswordKey(std::string_view key) { return key == "password" || key == "sslpassword"; }

bool IsDigits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool IsPort(std::string_view text) {
  int port = 0;
  std::from_chars(text.data(), text.data() + text.size(), port);
  return text.empty() || (text.size() <= 5 && IsDigits(text) && port >= 1 && port <= 65535);
}

bool IsHex(char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; }

bool IsHostName(std::string_view host) {
  return std::all_of(host.begin(), host.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' || c == '_' ||
           c == '%';
  });
}

bool IsIpv6(std::string_view host) {
  return host.find(':') != std::string_view::npos &&
         std::all_of(host.begin(), host.end(),
                     [](char c) { return IsHex(c) || c == ':' || c == '.' || c == '%'; });
}

// A name, an address or, for a socket, a folder ("@": an abstract one). What else libpq takes for a
// host is what follows a forgotten value: "host= password=...".
void CheckHosts(const std::string& list) {
  for (const std::string& host : SplitTrimmed(list, ',')) {
    if (host.starts_with('/') || host.starts_with('@')) continue;
    if (!IsHostName(host) && !IsIpv6(host)) {
      Refuse("the host's name has a sign that no host's name has");
    }
  }
}

void CheckPorts(const std::string& list) {
  const auto ports = SplitTrimmed(list, ',');
  if (!std::all_of(ports.begin(), ports.end(), IsPort)) {
    Refuse("the port is not a number from 1 to 65535");
  }
}

void CheckSslMode(std::string_view mode) {
  constexpr std::array<std::string_view, 6> kModes = {"disable", "allow",     "prefer",
                                                      "require", "verify-ca", "verify-full"};
  if (std::find(kModes.begin(), kModes.end(), mode) == kModes.end()) {
    Refuse("\"sslmode\" is none of disable, allow, prefer, require, verify-ca, verify-full");
  }
}

// libpq can read a name as a connection string of its own, with a password of its own.
void CheckDatabase(std::string_view name) {
  if (name.find('=') != std::string_view::npos || name.find("://") != std::string_view::npos) {
    Refuse("the database's name is a connection string itself");
  }
}

// What is true of every form, once libpq has taken the text apart.
void CheckValues(const Options& options) {
  for (const auto& [key, value] : options) {
    if (key == "host" || key == "hostaddr") CheckHosts(value);
    if (key == "port") CheckPorts(value);
    if (key == "sslmode") CheckSslMode(value);
    if (key == "dbname") CheckDatabase(value);
    if (!IsPasswordKey(key) && std::any_of(value.begin(), value.end(), IsControl)) {
      Refuse("a value has a control character");
    }
  }
}

Options ParseByLibpq(const std::string& text) {
  char* problem = nullptr;
  const OptionsPtr parsed(PQconninfoParse(text.c_str(), &problem), &PQconninfoFree);
  // libpq's own words repeat parts of the text.
  PQfreemem(problem);
  if (!parsed) Refuse("PostgreSQL's client cannot read it", std::string(kForms));
  Options options;
  for (const auto* option = parsed.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) options[option->keyword] = option->val;
  }
  return options;
}

// ---- URLs
// ----------------------------------------------------------------------------------------

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
    Refuse("\"jdbc:\" belongs to Java", "leave \"jdbc:\" out, and write the user before the host");
  }
  constexpr std::array<std::string_view, 11> kOthers = {"mysql", "mariadb",     "sqlite", "sqlite3",
                                                        "mssql", "oracle",      "redis",  "mongodb",
                                                        "http",  "cockroachdb", "https"};
  const std::string name = ToLower(scheme.substr(0, scheme.find('+')));
  if (std::find(kOthers.begin(), kOthers.end(), name) == kOthers.end()) {
    Refuse("it does not begin with \"postgresql://\"", std::string(kForms));
  }
  Refuse("\"" + name + "://\" is not PostgreSQL", std::string(kForms));
}

std::string PercentEncoded(char c) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  return std::string("%") + kDigits[byte >> 4] + kDigits[byte & 15];
}

[[noreturn]] void RefuseRaw(char c, const std::string& place, std::string hint = {}) {
  Refuse((c == '@' ? "an \"" : "a \"") + std::string(1, c) + "\" in " + place +
             " must be written \"" + PercentEncoded(c) + '"',
         std::move(hint));
}

void CheckEscapes(std::string_view text) {
  for (auto at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1)) {
    if (at + 2 >= text.size() || !IsHex(text[at + 1]) || !IsHex(text[at + 2])) {
      RefuseRaw('%', "the password or elsewhere");
    }
    if (text.substr(at + 1, 2) == "00") Refuse("it has an escaped NUL byte (\"%00\")");
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
      Refuse("there is no IPv6 address between \"[\" and \"]\"");
    }
    port = host.substr(end + 1);
  } else {
    const auto colon = host.find(':');
    if (!IsHostName(host.substr(0, colon))) {
      Refuse("the host's name has a sign that no host's name has",
             "a sign of the password that is neither letter nor digit must be escaped: \"/\" is "
             "\"%2F\", \"@\" is \"%40\"");
    }
    if (colon != std::string_view::npos) port = host.substr(colon);
  }
  if (!port.empty() && (port[0] != ':' || !IsPort(port.substr(1)))) {
    Refuse("the port is not a number from 1 to 65535",
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
      Refuse("an option after the \"?\" has no \"=\"",
             "a \"?\" in the password must be written \"%3F\", a \"&\" \"%26\"");
    }
    const std::string_view key = option.substr(0, equals);
    const std::string_view value = option.substr(equals + 1);
    if (value.find('=') != std::string_view::npos) RefuseRaw('=', "the value of an option");
    if (key == "ssl") {
      translated.push_back("sslmode=" + SslModeOf(value));
    } else if (IsKeyword(key)) {
      translated.emplace_back(option);
    } else if (!with_driver || !ConcernsDriverAlone(key)) {
      RefuseUnknown(key, after_password);
    }
    after_password = after_password || IsPasswordKey(key);
  }
  return Join(translated, "&");
}

Options ParseUrl(const SchemeSplit& split) {
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
  return ParseByLibpq("postgresql://" + std::string(parts.authority) + std::string(parts.path) +
                      (query.empty() ? "" : "?" + query));
}

// ---- keyword strings
// -----------------------------------------------------------------------------

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
  if (quoted) Refuse("a value has no closing quote", "a quote inside of it is written \"\\'\"");
  return text.size();
}

void CheckKeywordString(std::string_view text) {
  bool after_password = false;
  for (text = SkipBlanks(text); !text.empty(); text = SkipBlanks(text)) {
    const auto equals = text.find('=');
    const std::string_view key = Trim(text.substr(0, equals));
    if (equals == std::string_view::npos || key.find(' ') != std::string_view::npos) {
      Refuse("a word in it has no \"=\"",
             "a value with blanks stands between single quotes: password='two words'");
    }
    if (!IsKeyword(key)) RefuseUnknown(key, after_password);
    after_password = after_password || IsPasswordKey(key);
    text = SkipBlanks(text.substr(equals + 1));
    text.remove_prefix(LengthOfValue(text));
  }
}

Options ParseKeywordString(std::string_view text) {
  if (text.find('=') == std::string_view::npos) {
    Refuse("it is neither a URL nor a keyword string", std::string(kForms));
  }
  CheckKeywordString(text);
  return ParseByLibpq(std::string(text));
}

// ---- printing
// ------------------------------------------------------------------------------------

std::string Escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                       std::string_view("-._~/").find(c) != std::string_view::npos;
    escaped += plain ? std::string(1, c) : PercentEncoded(c);
  }
  return escaped;
}

std::string HostInUrl(const std::string& host) {
  return host.find(':') == std::string::npos ? Escape(host) : '[' + host + ']';
}

// libpq's lists: one port serves all hosts, or each has its own.
std::string HostsInUrl(const std::string& host_list, const std::string& port_list) {
  auto hosts = SplitTrimmed(host_list, ',');
  if (hosts.empty()) hosts.emplace_back();
  const auto ports = SplitTrimmed(port_list, ',');
  std::vector<std::string> pairs;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    const std::string port = ports.empty() ? "" : ports[std::min(i, ports.size() - 1)];
    pairs.push_back(HostInUrl(hosts[i]) + (port.empty() ? "" : ":" + port));
  }
  return Join(pairs, ",");
}

}  // namespace

ConnectionUrl ConnectionUrl::Parse(std::string_view text) {
  CheckBytes(text);
  ConnectionUrl url;
  const auto split = SplitScheme(text);
  url.options_ = split ? ParseUrl(*split) : ParseKeywordString(text);
  CheckValues(url.options_);
  return url;
}

std::string ConnectionUrl::Redacted() const {
  const std::string host = Get("host").empty() ? Get("hostaddr") : Get("host");
  const std::string user = Get("user").empty() ? "" : Escape(Get("user")) + '@';
  const std::string name = Get("dbname").empty() ? "" : '/' + Escape(Get("dbname"));
  // A socket's folder is readable only after the "?".
  if (host.find('/') == std::string::npos) {
    return "postgresql://" + user + HostsInUrl(host, Get("port")) + name;
  }
  return "postgresql://" + user + (name.empty() ? "/" : name) + "?host=" + Escape(host) +
         (Get("port").empty() ? "" : "&port=" + Get("port"));
}

std::string ConnectionUrl::Get(const std::string& keyword) const {
  const auto found = options_.find(keyword);
  return found == options_.end() ? std::string{} : found->second;
}

ConnectionUrl ConnectionUrl::With(const std::string& keyword, const std::string& value) const {
  ConnectionUrl changed = *this;
  changed.options_[keyword] = value;
  return changed;
}

}  // namespace lockstep
