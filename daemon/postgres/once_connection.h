// A libpqxx connection that never reconnects, and lets us at libpq's handle.
//
// libpqxx 6 opens a lost connection again by itself, and an advisory lock would be gone without a
// word.
#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <optional>
#include <pqxx/pqxx>
#include <string>

#include "postgres/server_verification.h"

namespace lockstep {

using SteadyDeadline = std::optional<std::chrono::steady_clock::time_point>;

// True when the socket is ready for `events` (POLLIN, POLLOUT); false when the deadline came first.
bool WaitForSocket(int socket, short events, const SteadyDeadline& deadline);

// Whether more came over this TCP connection than a server says until its session is set up: from
// somebody who is no PostgreSQL. Never over a Unix socket, which only root gives away.
bool SaidTooMuch(int socket);

// Hands out one connection, once; after that every use of a lost connection throws. Connecting
// throws Error kUnreachable, kPermission or kBadSettings, with the server's SQLSTATE where it sent
// one.
class OncePolicy : public pqxx::connectionpolicy {
 public:
  OncePolicy(const ResolvedUrl& url, std::chrono::milliseconds timeout)
      : connectionpolicy({}), url_(url), timeout_(timeout) {}

  handle do_startconnect(handle original) override;
  handle do_completeconnect(handle original) override { return original; }
  bool is_ready(handle connection) const noexcept override { return connection != nullptr; }

  PGconn* raw() const { return raw_; }

 private:
  PGconn* Connect() const;

  ResolvedUrl url_;
  std::chrono::milliseconds timeout_;
  PGconn* raw_ = nullptr;
};

// Statements go through libpq itself, since libpqxx drops an error's position, detail and hint.
// Thread: run.
class OnceConnection : public pqxx::connection_base {
 public:
  OnceConnection(const ResolvedUrl& url, std::chrono::milliseconds timeout);
  ~OnceConnection() noexcept { close(); }

  PGconn* raw() const { return policy_.raw(); }

 private:
  OncePolicy policy_;
};

}  // namespace lockstep
