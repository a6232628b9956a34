#include "support/test_database.h"

#include <cstdlib>
#include <fstream>
#include <random>
#include <stdexcept>

#include "postgres/quoting.h"
#include "postgres/sandbox.h"

namespace lockstep {
namespace {

ConnectionUrl ReadServerFile(const char* path) {
  std::ifstream file(path);
  std::string url;
  std::getline(file, url);
  if (url.empty()) throw std::runtime_error(std::string("no URL in the file ") + path);
  return ConnectionUrl::Parse(url);
}

const ConnectionUrl& ServerUrl() {
  static const ConnectionUrl url = [] {
    if (const char* given = std::getenv("LOCKSTEP_TEST_URL")) return ConnectionUrl::Parse(given);
    if (const char* file = std::getenv("LOCKSTEP_TEST_SERVER")) return ReadServerFile(file);
    static const Sandbox sandbox;
    return sandbox.url();
  }();
  return url;
}

std::string UniqueName(const std::string& stem) {
  std::random_device random;
  return stem + "_" + std::to_string(random()) + "_" + std::to_string(random());
}

std::string Describe(const SqlError& error) {
  return "the test's own SQL was refused: " + error.message + " [" + error.sqlstate + "] " +
         error.detail + " at character " + std::to_string(error.position);
}

Reply Execute(const ConnectionUrl& url, const std::string& sql, bool in_public) {
  const OpenedSession opened = OpenSession(url, {.purpose = "test"});
  if (in_public) opened.session->Send("set search_path = public");
  Reply reply = opened.session->Send(sql, Keep::kRows);
  if (!reply.ok()) throw std::runtime_error(Describe(*reply.error));
  return reply;
}

void OnServer(const std::string& sql) { Execute(ServerUrl(), sql, false); }

}  // namespace

// From template0, since nobody can be connected to it and nobody has left anything in it.
TestDatabase::TestDatabase() : name_(UniqueName("test")), url_(ServerUrl().With("dbname", name_)) {
  OnServer("create database " + QuoteIdentifier(name_) + " template template0");
}

TestDatabase::~TestDatabase() {
  try {
    OnServer("drop database if exists " + QuoteIdentifier(name_) + " with (force)");
    for (const std::string& role : roles_) OnServer("drop role " + QuoteIdentifier(role));
  } catch (const std::exception&) {
    // A test may have stopped the server; what is left goes with it.
  }
}

ConnectionUrl TestDatabase::UrlAs(const std::string& role, const std::string& password) const {
  return url_.With("user", role).With("password", password);
}

// What a test holds it holds for as long as it wants, on a slow machine, too.
OpenedSession TestDatabase::Open(const std::string& purpose) const {
  OpenedSession opened = OpenSession(url_, {.purpose = purpose});
  opened.session->Send("set idle_in_transaction_session_timeout = 0");
  return opened;
}

SessionFactory TestDatabase::factory() const {
  return [url = url_](const SessionOptions& options) { return OpenSession(url, options); };
}

void TestDatabase::Sql(const std::string& script) const { Execute(url_, script, true); }

std::string TestDatabase::Value(const std::string& query) const {
  const Reply reply = Execute(url_, query, true);
  if (reply.rows.empty() || reply.rows.back().empty()) return {};
  return reply.rows.back().Text(0, 0);
}

std::string TestDatabase::CreateRole(const std::string& name, const std::string& password,
                                     const std::string& attributes) {
  const std::string role = UniqueName(name);
  OnServer("create role " + QuoteIdentifier(role) + " login password " + QuoteLiteral(password) +
           " " + attributes);
  roles_.push_back(role);
  return role;
}

std::string SomebodyWaitsSql(const std::string& condition) {
  return "select exists (select from pg_locks where not granted and database ="
         " (select oid from pg_database where datname = current_database()) and " +
         condition + ")";
}

std::string ToConnectionString(const ConnectionUrl& url) {
  std::string text;
  for (const auto& [keyword, value] : url.options()) {
    text += (text.empty() ? "" : " ") + keyword + "='";
    for (const char c : value)
      text += (c == '\'' || c == '\\') ? std::string{'\\', c} : std::string{c};
    text += "'";
  }
  return text;
}

}  // namespace lockstep
