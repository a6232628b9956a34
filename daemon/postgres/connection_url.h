// Where the database is, and how to speak of it without its password.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "postgres/connection_options.h"
#include "postgres/server_identity.h"

namespace lockstep {

// Parsed connection options by libpq's keywords ("host", "port", "dbname", "user", "password",
// ...). A value; it can be copied to where a session is opened, and to nowhere that prints.
class ConnectionUrl {
 public:
  // Accepts postgresql:// and postgres:// URLs, the same with a SQLAlchemy driver
  // (postgresql+asyncpg://), and keyword strings ("host=... dbname=..."). Throws Error
  // kBadSettings; its message never repeats any part of the text that could be a password.
  static ConnectionUrl Parse(std::string_view text);

  // Every option, the password too, as the keyword string that libpq takes.
  std::string ForLibpq() const;
  // As the user may see it: "postgresql://user@host:5432/name", no password, no other options.
  std::string Redacted() const;
  std::string Get(const std::string& keyword) const;  // "" when not given
  ConnectionUrl With(const std::string& keyword, const std::string& value) const;
  // Those that it names, in its order. Empty when it names addresses ("hostaddr") beside, or none.
  std::vector<ServerAddress> servers() const;
  // The same database on this one of them, in whatever state that is.
  ConnectionUrl At(const ServerAddress& server) const;
  const ConnectionOptions& options() const { return options_; }

 private:
  ConnectionOptions options_;
};

// `text` with every password of a URL or keyword string in it replaced by "***", percent-encoded
// ones too: for text of other programs that we pass on.
std::string RedactSecrets(std::string_view text);

}  // namespace lockstep
