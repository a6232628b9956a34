#include "postgres/once_connection.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "postgres/sql_state.h"

namespace lockstep {
namespace {

// Some kB are usual. libpq itself would keep an error without an end in memory.
constexpr std::uint64_t kMostGreeting = 1 << 20;

int MillisecondsUntil(const SteadyDeadline& deadline) {
  if (!deadline) return -1;
  const auto left = *deadline - std::chrono::steady_clock::now();
  return std::max(
      0, static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(left).count()));
}

ConnectionUrl Without(const ServerAddress& silent, const ConnectionUrl& url) {
  std::vector<std::string> hosts, ports;
  for (const ServerAddress& server : url.servers()) {
    if (server.Names(silent)) continue;
    hosts.push_back(server.host);
    ports.push_back(server.port);
  }
  return url.With("host", Join(hosts, ",")).With("port", Join(ports, ","));
}

// Of several servers the one that is spoken to.
ServerAddress AddressOf(const PGconn* connection) {
  const char* host = PQhost(connection);
  const char* port = PQport(connection);
  return {host == nullptr ? "" : host, port == nullptr ? "" : port};
}

enum class Connecting { kDone, kRefused, kSilent, kTalkative };

Connecting Finish(PGconn* connection, std::chrono::milliseconds patience) {
  ServerAddress asked;
  SteadyDeadline deadline;
  PostgresPollingStatusType status = PGRES_POLLING_WRITING;
  if (PQstatus(connection) == CONNECTION_BAD) return Connecting::kRefused;
  while (status != PGRES_POLLING_OK && status != PGRES_POLLING_FAILED) {
    const ServerAddress now = AddressOf(connection);
    if (!deadline || now != asked) deadline = std::chrono::steady_clock::now() + patience;
    asked = now;
    const short events = status == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (!WaitForSocket(PQsocket(connection), events, deadline)) return Connecting::kSilent;
    if (SaidTooMuch(PQsocket(connection))) return Connecting::kTalkative;
    status = PQconnectPoll(connection);
  }
  return status == PGRES_POLLING_OK ? Connecting::kDone : Connecting::kRefused;
}

// A connection that could not be made, as libpq tells it: "... FATAL:  28P01: password ...".
struct ConnectFailure {
  std::string message;
  std::string sqlstate;
};

// In one line, without libpq's question, which the hint asks too.
std::string InOneLine(std::string message) {
  constexpr std::string_view kQuestion = "\n\tIs the server running";
  for (auto at = message.find(kQuestion); at != std::string::npos; at = message.find(kQuestion)) {
    message.erase(at, std::min(message.find('\n', at + 1), message.size()) - at);
  }
  return Join(SplitTrimmed(message, '\n'), "; ");
}

ConnectFailure ReadConnectFailure(const PGconn* connection) {
  ConnectFailure failure;
  failure.message = std::string(Trim(RedactSecrets(PQerrorMessage(connection))));
  const std::string_view severity = "FATAL:  ";
  const auto at = failure.message.rfind(severity);
  if (at == std::string::npos) return failure;
  const auto state = at + severity.size();
  if (state + 7 > failure.message.size() || failure.message[state + 5] != ':') return failure;
  failure.sqlstate = failure.message.substr(state, 5);
  failure.message.erase(state, 7);
  // Verbose reports end with the server's source place, which helps nobody here.
  const auto location = failure.message.find("\nLOCATION:");
  if (location != std::string::npos) failure.message.erase(location);
  return failure;
}

std::string AuthoritiesOf(const ConnectionUrl& url) {
  const std::string file = url.Get("sslrootcert");
  return file.empty() ? "~/.postgresql/root.crt" : "'" + file + "'";
}

// Nothing: the complaint is none of TLS. libpq says the same of a certificate that has expired and
// of one that nobody knows.
std::optional<std::string> HintForTls(std::string_view message, const ResolvedUrl& url) {
  const auto has = [message](std::string_view words) {
    return message.find(words) != std::string_view::npos;
  };
  // Who has asked for it is not told how to weaken it.
  const auto or_weaken = [&](const std::string& sslmode) {
    if (!url.verification.by_default) return std::string();
    return "; servers of other machines are verified where the URL has no sslmode: in a network "
           "that you trust, say \"sslmode=" +
           sslmode + "\" there";
  };
  if (has("certificate verify failed")) {
    return "the server's certificate was signed by none of the authorities in " +
           AuthoritiesOf(url.url) +
           ", or has expired; say \"sslrootcert=FILE\" for others; \"openssl s_client -starttls "
           "postgres -connect HOST:PORT\" shows it" +
           or_weaken("require");
  }
  if (has("does not match host name")) {
    return "connect by a name that the certificate has" + or_weaken("require");
  }
  if (has("host name must be specified")) {
    return "name the server by \"host\" beside its \"hostaddr\", as its certificate does" +
           or_weaken("require");
  }
  if (has("server does not support SSL")) {
    return "switch TLS on in the server; nothing was sent to it" + or_weaken("disable");
  }
  if (has("root certificate file")) {
    return "name the file with the certificates of your authorities: \"sslrootcert=FILE\"" +
           or_weaken("require");
  }
  if (has("SSL error")) return "the two do not agree on TLS; the server's log may say why";
  return std::nullopt;
}

[[noreturn]] void Refuse(ConnectFailure failure, const ResolvedUrl& url) {
  failure.message = InOneLine(std::move(failure.message));
  const std::string reach = "is the server running, and can it be reached from here?";
  if (failure.message.empty()) {
    throw Error(ErrorCode::kUnreachable, "the database did not answer in time", reach);
  }
  const ErrorCode code = sql_state::CodeOf(failure.sqlstate);
  if (code == ErrorCode::kPermission) {
    throw Error(code, failure.message, "check the role and its password", failure.sqlstate);
  }
  if (code == ErrorCode::kBadSettings) {
    throw Error(code, failure.message, "create the database, or correct the URL", failure.sqlstate);
  }
  if (const auto hint = HintForTls(failure.message, url)) {
    throw Error(ErrorCode::kBadSettings, failure.message, *hint, failure.sqlstate);
  }
  // libpq's own complaint, before the server could say anything with a SQLSTATE.
  if (failure.message.ends_with("no password supplied")) {
    throw Error(ErrorCode::kPermission, failure.message,
                "give the password by --password-file, PGPASSFILE or PGPASSWORD");
  }
  throw Error(ErrorCode::kUnreachable, failure.message, reach, failure.sqlstate);
}

}  // namespace

bool WaitForSocket(int socket, short events, const SteadyDeadline& deadline) {
  pollfd entry{socket, events, 0};
  for (;;) {
    // Somebody who never stops talking is ready at each look.
    if (deadline && std::chrono::steady_clock::now() >= *deadline) return false;
    const int ready = poll(&entry, 1, MillisecondsUntil(deadline));
    if (ready > 0) return true;
    if (ready == 0) return false;
    if (errno != EINTR)
      throw Error(ErrorCode::kConnectionLost, "the connection's socket cannot be waited for");
  }
}

bool SaidTooMuch(int socket) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return false;
  return size >= offsetof(tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received &&
         info.tcpi_bytes_received > kMostGreeting;
}

OncePolicy::handle OncePolicy::do_startconnect(handle original) {
  if (original != nullptr) return original;
  if (raw_ != nullptr) throw pqxx::broken_connection("the session is closed");
  raw_ = Connect();
  return raw_;
}

// libpq goes on from a server that refuses to the next one, but would wait for a silent one for as
// long as it may: each of several gets its part of the time, and is left out once that is over.
PGconn* OncePolicy::Connect() const {
  ConnectionUrl url = url_.url;
  const auto patience = timeout_ / std::max<std::size_t>(1, url.servers().size());
  std::string silent;
  for (;;) {
    PGconn* connection = PQconnectStart(url.ForLibpq().c_str());
    if (connection == nullptr) throw std::bad_alloc();
    // libpq's own receiver writes to stderr, as it comes.
    PQsetNoticeReceiver(
        connection, [](void*, const PGresult*) {}, nullptr);
    // Verbose, because only so a refused connection tells its SQLSTATE.
    PQsetErrorVerbosity(connection, PQERRORS_VERBOSE);
    const Connecting end = Finish(connection, patience);
    if (end == Connecting::kDone) {
      PQsetErrorVerbosity(connection, PQERRORS_DEFAULT);
      return connection;
    }
    const ServerAddress last = AddressOf(connection);
    ConnectFailure failure = end == Connecting::kTalkative
                                 ? ConnectFailure{"it said too much for a server's greeting", ""}
                                 : ReadConnectFailure(connection);
    PQfinish(connection);
    if (end == Connecting::kSilent && url.servers().size() > 1) {
      silent += last.host + ":" + last.port + " did not answer in time; ";
      url = Without(last, url);
      continue;
    }
    if (!silent.empty()) failure.message = silent + failure.message;
    Refuse(std::move(failure), url_);
  }
}

OnceConnection::OnceConnection(const ResolvedUrl& url, std::chrono::milliseconds timeout)
    : connection_base(policy_), policy_(url, timeout) {
  try {
    init();
  } catch (const pqxx::pqxx_exception& error) {
    // libpqxx serves none whose version it cannot make out, nor very old ones. The destructor,
    // which closes what it has been given, is for what was made whole.
    close();
    throw Error(ErrorCode::kUnreachable,
                "the server cannot be served: " + std::string(error.base().what()),
                "is there a PostgreSQL server at this address?");
  }
}

}  // namespace lockstep
