#include "postgres/server_verification.h"

#include <arpa/inet.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "base/text.h"

namespace lockstep {
namespace {

// Of Debian's package ca-certificates. libpq 15 does not know "sslrootcert=system" yet.
constexpr char kAuthoritiesOfTheSystem[] = "/etc/ssl/certs/ca-certificates.crt";
constexpr char kDefaultMode[] = "prefer";  // libpq's

// What libpq takes from service and environment it tells of a connection alone. This one it refuses
// for an option before it looks for the server, and with a password it looks for none.
ConnectionOptions OptionsInForce(const ConnectionUrl& url) {
  const std::string text =
      url.With("password", "none").With("channel_binding", "none of them").ForLibpq();
  const std::unique_ptr<PGconn, decltype(&PQfinish)> refused(PQconnectStart(text.c_str()),
                                                             &PQfinish);
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> told(PQconninfo(refused.get()),
                                                                          &PQconninfoFree);
  ConnectionOptions options;
  for (const auto* option = told.get(); option != nullptr && option->keyword != nullptr; ++option) {
    if (option->val != nullptr) options[option->keyword] = option->val;
  }
  return options;
}

std::string ValueOf(const ConnectionOptions& options, const std::string& keyword) {
  const auto found = options.find(keyword);
  return found == options.end() ? "" : found->second;
}

bool AllAreOnThisMachine(const ConnectionOptions& options) {
  for (const std::string keyword : {"host", "hostaddr"}) {
    const auto hosts = SplitTrimmed(ValueOf(options, keyword), ',');
    if (!std::all_of(hosts.begin(), hosts.end(), IsOnThisMachine)) return false;
  }
  return true;
}

// Where libpq looks for it.
std::string HomeFolder() {
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home != '\0') return home;
  passwd user{};
  passwd* found = nullptr;
  std::array<char, 4096> buffer{};
  getpwuid_r(geteuid(), &user, buffer.data(), buffer.size(), &found);
  return found == nullptr ? "" : found->pw_dir;
}

bool SystemsAuthoritiesAreMeant(const ConnectionOptions& options) {
  if (!ValueOf(options, "sslrootcert").empty()) return false;
  std::error_code absent;
  return !std::filesystem::exists(HomeFolder() + "/.postgresql/root.crt", absent) &&
         std::filesystem::exists(kAuthoritiesOfTheSystem, absent);
}

}  // namespace

ResolvedUrl ResolveVerification(const ConnectionUrl& url) {
  const ConnectionOptions options = OptionsInForce(url);
  ResolvedUrl resolved{url, {}};
  ServerVerification& how = resolved.verification;
  how.sslmode = ValueOf(options, "sslmode");
  // Without a mode libpq could not read the options, a service that is missing for one: then nobody
  // knows where the server is.
  how.on_this_machine = !how.sslmode.empty() && AllAreOnThisMachine(options);
  how.by_default = url.Get("sslmode").empty() && std::getenv("PGSSLMODE") == nullptr &&
                   (how.sslmode.empty() || how.sslmode == kDefaultMode);
  if (how.by_default && !how.on_this_machine) how.sslmode = "verify-full";
  if (!how.on_this_machine) resolved.url = resolved.url.With("sslmode", how.sslmode);
  if (how.sslmode == "verify-full" && SystemsAuthoritiesAreMeant(options)) {
    resolved.url = resolved.url.With("sslrootcert", kAuthoritiesOfTheSystem);
  }
  return resolved;
}

bool IsOnThisMachine(const std::string& host) {
  if (host.starts_with('/') || host.starts_with('@')) return true;
  if (ToLower(host) == "localhost") return true;
  in_addr four{};
  if (inet_pton(AF_INET, host.c_str(), &four) == 1) return ntohl(four.s_addr) >> 24 == 127;
  in6_addr six{};
  return inet_pton(AF_INET6, host.c_str(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

}  // namespace lockstep
