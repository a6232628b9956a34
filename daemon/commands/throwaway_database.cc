#include "commands/throwaway_database.h"

#include "base/error.h"
#include "base/uuid.h"
#include "commands/documents.h"
#include "commands/target_access.h"
#include "postgres/quoting.h"

namespace lockstep {
namespace {

std::string NewName() { return "lockstep_verify_" + NewUuid().substr(0, 8); }

void SendOrThrow(Session& session, const std::string& sql, const std::string& what) {
  const Reply reply = session.Send(sql);
  if (reply.ok()) return;
  const bool denied = reply.error->sqlstate == "42501";
  throw Error(denied ? ErrorCode::kPermission : ErrorCode::kSql, what + ": " + reply.error->message,
              denied ? "use a role with CREATEDB, or leave --database-url out to verify on a "
                       "private server"
                     : reply.error->hint,
              reply.error->sqlstate);
}

}  // namespace

ThrowawayDatabase::ThrowawayDatabase(const Settings& settings) {
  if (settings.url_from_flag) {
    CreateOn(settings);
    return;
  }
  sandbox_ = std::make_unique<Sandbox>(SandboxOptions{.bin_dir = settings.sandbox_bin_dir});
  url_ = sandbox_->url();
  Describe("a private PostgreSQL ", OpenSession(url_, {.purpose = "verify"}).facts.version);
}

ThrowawayDatabase::~ThrowawayDatabase() {
  if (created_.empty()) return;
  try {
    OpenSession(server_, {.purpose = "verify"})
        .session->Send("drop database if exists " + QuoteIdentifier(created_) + " with (force)");
  } catch (const Error&) {
    // Nothing can be done from here; the name says whose it was.
  }
}

void ThrowawayDatabase::CreateOn(const Settings& settings) {
  server_ = TargetUrl(settings);
  const OpenedSession opened = OpenSession(server_, {.purpose = "verify"});
  const std::string name = NewName();
  SendOrThrow(*opened.session, "create database " + QuoteIdentifier(name) + " template template0",
              "cannot create a database for verify");
  created_ = name;
  url_ = server_.With("dbname", name);
  Describe("a new database on PostgreSQL ", opened.facts.version);
}

void ThrowawayDatabase::Describe(const std::string& prefix, int server_version) {
  description_ = prefix + VersionText(server_version);
}

}  // namespace lockstep
