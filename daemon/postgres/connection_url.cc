#include "postgres/connection_url.h"

#include <algorithm>
#include <cctype>
#include <vector>

#include "base/text.h"
#include "postgres/connection_text.h"

namespace lockstep {
namespace {

// `plain_signs`: what need not be escaped beside letters and digits.
std::string Escape(std::string_view text, std::string_view plain_signs = "-._~") {
  std::string escaped;
  for (const char c : text) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                       plain_signs.find(c) != std::string_view::npos;
    escaped += plain ? std::string(1, c) : PercentEncoded(c);
  }
  return escaped;
}

std::string HostInUrl(const std::string& host) {
  // The "%" before an IPv6 address's zone is escaped as well (RFC 6874).
  return host.find(':') == std::string::npos ? Escape(host) : '[' + Escape(host, "-._~:") + ']';
}

// libpq's lists: one port serves all hosts, or each has its own.
std::vector<ServerAddress> Pair(const std::string& host_list, const std::string& port_list) {
  const auto ports = SplitTrimmed(port_list, ',');
  std::vector<ServerAddress> servers;
  for (const std::string& host : SplitTrimmed(host_list, ',')) {
    const std::size_t i = servers.size();
    servers.push_back({host, ports.empty() ? "" : ports[std::min(i, ports.size() - 1)]});
  }
  return servers;
}

std::string HostsInUrl(const std::string& host_list, const std::string& port_list) {
  std::vector<ServerAddress> servers = Pair(host_list, port_list);
  const auto ports = SplitTrimmed(port_list, ',');
  if (servers.empty()) servers.push_back({"", ports.empty() ? "" : ports.front()});
  std::vector<std::string> pairs;
  for (const ServerAddress& server : servers) {
    pairs.push_back(HostInUrl(server.host) + (server.port.empty() ? "" : ":" + server.port));
  }
  return Join(pairs, ",");
}

}  // namespace

ConnectionUrl ConnectionUrl::Parse(std::string_view text) {
  ConnectionUrl url;
  url.options_ = ReadConnectionOptions(TextForLibpq(text));
  return url;
}

std::string ConnectionUrl::ForLibpq() const {
  std::string text;
  for (const auto& [keyword, value] : options_) {
    text += keyword + "='";
    for (const char c : value) {
      if (c == '\'' || c == '\\') text += '\\';
      text += c;
    }
    text += "' ";
  }
  return text;
}

std::string ConnectionUrl::Redacted() const {
  const std::string host = Get("host").empty() ? Get("hostaddr") : Get("host");
  const std::string user = Get("user").empty() ? "" : Escape(Get("user")) + '@';
  const std::string name = Get("dbname").empty() ? "" : '/' + Escape(Get("dbname"));
  // A socket's folder is readable only after the "?", and so is an abstract socket's name.
  if (host.find_first_of("/@") == std::string::npos) {
    return "postgresql://" + user + HostsInUrl(host, Get("port")) + name;
  }
  return "postgresql://" + user + (name.empty() ? "/" : name) + "?host=" + Escape(host, "-._~/") +
         (Get("port").empty() ? "" : "&port=" + Get("port"));
}

std::vector<ServerAddress> ConnectionUrl::servers() const {
  if (!Get("hostaddr").empty()) return {};
  return Pair(Get("host"), Get("port"));
}

ConnectionUrl ConnectionUrl::At(const ServerAddress& server) const {
  return With("host", server.host).With("port", server.port).With("target_session_attrs", "any");
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
