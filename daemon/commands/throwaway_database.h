// A database for `verify`: made for it, and gone with it.
#pragma once

#include <memory>
#include <string>

#include "commands/settings.h"
#include "postgres/sandbox.h"

namespace lockstep {

// Thread: any, one at a time.
class ThrowawayDatabase {
 public:
  // On the server that the settings name when they were told it on the command line; a URL that was
  // found in the environment may be production's, so then on a private server of our own. Throws
  // what OpenSession and Sandbox throw.
  explicit ThrowawayDatabase(const Settings& settings);
  // Drops the database, whoever still uses it. A server that cannot be reached keeps it.
  ~ThrowawayDatabase();
  ThrowawayDatabase(const ThrowawayDatabase&) = delete;
  ThrowawayDatabase& operator=(const ThrowawayDatabase&) = delete;

  const ConnectionUrl& url() const { return url_; }
  bool is_private() const { return sandbox_ != nullptr; }
  // "a private PostgreSQL 15.20", "a new database on PostgreSQL 15.20".
  const std::string& description() const { return description_; }

 private:
  void CreateOn(const Settings& settings);
  void Describe(const std::string& prefix, int server_version);

  std::unique_ptr<Sandbox> sandbox_;
  ConnectionUrl server_;
  ConnectionUrl url_;
  std::string created_;  // the name of the database to drop; empty: none
  std::string description_;
};

}  // namespace lockstep
