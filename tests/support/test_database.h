// A fresh database for one test, on a server that nobody else uses.
#pragma once

#include <string>
#include <vector>

#include "postgres/connection_url.h"
#include "postgres/session.h"

namespace lockstep {

// The server is, in this order: LOCKSTEP_TEST_URL (a superuser's URL); the one whose URL stands in
// the file that LOCKSTEP_TEST_SERVER names (ctest starts it, see server_main.cc); a sandbox of this
// process, started when the first database is made. The database and the roles go with the object,
// whoever is still connected.
// Thread: any, one at a time.
class TestDatabase {
 public:
  TestDatabase();
  ~TestDatabase();
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  const std::string& name() const { return name_; }
  const ConnectionUrl& url() const { return url_; }  // the superuser's
  ConnectionUrl UrlAs(const std::string& role, const std::string& password) const;

  OpenedSession Open(const std::string& purpose = "test") const;
  SessionFactory factory() const;

  // Runs a script as the superuser, in a session of its own, with "public" in the search path; one
  // that is refused throws, which fails the test.
  void Sql(const std::string& script) const;
  // The first field of the first row as text; "" for NULL or no row.
  std::string Value(const std::string& query) const;

  // Makes a role that can log in and returns its name: `name` and something that no other test has.
  // `attributes` as CREATE ROLE takes them.
  std::string CreateRole(const std::string& name, const std::string& password,
                         const std::string& attributes = "");

 private:
  std::string name_;
  ConnectionUrl url_;
  std::vector<std::string> roles_;
};

// A question whether somebody waits for such a lock in the database that is asked: pg_locks shows
// those of all tests' databases.
std::string SomebodyWaitsSql(const std::string& condition);

// The URL as one keyword string with its password, for the environment of a program under test.
std::string ToConnectionString(const ConnectionUrl& url);

}  // namespace lockstep
