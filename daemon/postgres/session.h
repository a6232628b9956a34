// One connection to PostgreSQL: the seam between the program and the database.
//
// A session never reconnects: once lost, every use throws, and whoever held a lock through it knows
// that the lock is gone.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/outcome.h"
#include "postgres/connection_url.h"
#include "postgres/server_identity.h"
#include "postgres/server_verification.h"

namespace lockstep {

using SqlValue = std::optional<std::string>;  // text as PostgreSQL writes it; nothing: NULL

struct Rows {
  std::vector<std::string> columns;
  std::vector<std::vector<SqlValue>> rows;

  std::size_t size() const { return rows.size(); }
  bool empty() const { return rows.empty(); }
  // All of these throw Error kConnectionLost when there is no such value: then the server is none
  // of PostgreSQL's.
  const SqlValue& At(std::size_t row, std::size_t column) const;
  // The value as text, "" for NULL.
  const std::string& Text(std::size_t row, std::size_t column) const;
  long long Int(std::size_t row, std::size_t column) const;  // 0 for NULL
  double Real(std::size_t row, std::size_t column) const;
  bool Bool(std::size_t row, std::size_t column) const;  // false for NULL
};

// What came back for one message of one or several statements.
struct Reply {
  std::vector<std::string> tags;  // one for each statement that succeeded: "CREATE TABLE"
  std::vector<Rows> rows;         // of those that returned rows, when they were asked for
  std::optional<SqlError> error;  // of the statement that failed; none ran after it
  bool ok() const { return !error.has_value(); }
  // Of the statement number `index` among those that returned rows, from 0. Throws as Rows does.
  const Rows& RowsOf(std::size_t index) const;
};

// Throws what PostgreSQL said no to as an Error: for statements of our own, whose "no" is no
// answer.
void RequireSuccess(const Reply& reply);

enum class Keep { kNothing, kRows };

// A NOTICE or WARNING.
struct Notice {
  std::string severity;
  std::string sqlstate;
  std::string message;
};

// Asks the server to cancel what a session runs. May outlive the session. Thread: any.
class Canceller {
 public:
  virtual ~Canceller() = default;
  virtual void Cancel() noexcept = 0;
};

// Thread: run (one at a time), but for what a Canceller does.
class Session {
 public:
  virtual ~Session() = default;

  // One simple-query message. PostgreSQL's "no" is in the reply; throws Error kConnectionLost when
  // the connection ends. Waits as long as the server works, or until `deadline`: then the
  // connection is given up and kConnectionLost thrown.
  virtual Reply Send(const std::string& sql, Keep keep = Keep::kNothing,
                     std::optional<std::chrono::milliseconds> deadline = {}) = 0;

  // One parameterised statement of our own. Throws Error when it is refused (kPermission for 42501,
  // kSql otherwise; the SQLSTATE in both), kConnectionLost when the connection ends.
  virtual Rows Query(std::string_view sql, const std::vector<SqlValue>& parameters = {}) = 0;

  virtual std::shared_ptr<Canceller> MakeCanceller() = 0;
  // The server process as the server itself names it (a pooler in the path names another).
  virtual int backend_pid() const = 0;
  virtual int server_version() const = 0;  // 150018
  virtual void OnNotice(std::function<void(const Notice&)> handler) = 0;
  // Whether the server has said something that nobody has asked for: most often farewell. Asks
  // nothing.
  virtual bool HasUnreadWords() const { return false; }
};

enum class CommitOutcome { kCommitted, kRolledBack };

struct CommitReply {
  CommitOutcome outcome = CommitOutcome::kCommitted;
  std::optional<SqlError> error;  // a deferred constraint said no
};

// Sends COMMIT alone and looks at the tag: PostgreSQL answers a failed transaction's COMMIT with
// success and the tag ROLLBACK. Throws Error kInDoubt when the connection ends before the answer.
CommitReply Commit(Session& session);
// A message that begins with COMMIT. Throws Error kInDoubt as Commit does; in the reply the first
// tag is COMMIT, or the transaction was not committed.
Reply SendBehindCommit(Session& session, const std::string& sql);

// What the server said at connect.
struct ServerFacts {
  int version = 0;
  std::string database;
  std::string user;
  std::string role;         // as SET ROLE knows it; "none" when no role was entered
  std::string search_path;  // as the role and database would have had it
  bool in_recovery = false;
  bool read_only = false;
  std::string read_only_source;  // "database", "user", ...: where that setting comes from
  int backend_pid = 0;
  bool through_pooler = false;     // the wire names another process than the server itself
  bool sees_all_activity = false;  // pg_monitor or pg_read_all_stats
  ServerVerification verification;
  std::optional<ServerIdentity> identity;    // of a server that takes changes; nothing on a standby
  ServerAddress address;                     // of the URL's servers the one that answered
  std::vector<ServerAddress> other_servers;  // that the URL names
};

// "lockstep/upgrade": what pg_stat_activity shows as application_name; and how long it may take.
struct SessionOptions {
  std::string purpose = "look";
  std::chrono::milliseconds connect_timeout{10'000};
  // Of each Query, and of the first message: past it the connection is given up. Nothing: it waits.
  std::optional<std::chrono::milliseconds> answer_deadline;
  // Of a URL that names several servers this one, whatever it is. Nothing: the first that suits.
  std::optional<ServerAddress> server;
  Duration
      idle_limit{};  // silent for longer, outside a transaction, the server ends it; zero: never
};

struct OpenedSession {
  std::unique_ptr<Session> session;
  ServerFacts facts;
};

// Connects, sets the session's own settings and reads the facts: one round trip after connecting.
// Throws Error kUnreachable, kPermission (wrong password or role), kBadSettings (unknown database).
OpenedSession OpenSession(const ConnectionUrl& url, const SessionOptions& options);

// The statements that give a session its own settings, whatever a role, a database or a migration's
// body set.
std::vector<std::string> SessionSettings(int server_version, Duration idle_limit = {});
// From now on, where the server (14 and later) knows such a limit.
void LimitIdleness(Session& session, Duration limit);

// Opens sessions to one database; what engine and commands are given.
using SessionFactory = std::function<OpenedSession(const SessionOptions&)>;

}  // namespace lockstep
