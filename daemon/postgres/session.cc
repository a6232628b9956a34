#include "postgres/session.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <memory>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "core/duration.h"
#include "postgres/once_connection.h"
#include "postgres/sql_batch.h"
#include "postgres/sql_state.h"

namespace lockstep {
namespace {

template <typename Number>
Number ParseNumber(const std::string& text) {
  Number number{};
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::string FieldOf(const PGresult* result, int code) {
  const char* field = PQresultErrorField(result, code);
  return field == nullptr ? std::string{} : std::string{field};
}

SqlError ErrorOf(const PGresult* result) {
  SqlError error;
  error.sqlstate = FieldOf(result, PG_DIAG_SQLSTATE);
  error.message = FieldOf(result, PG_DIAG_MESSAGE_PRIMARY);
  error.detail = FieldOf(result, PG_DIAG_MESSAGE_DETAIL);
  error.hint = FieldOf(result, PG_DIAG_MESSAGE_HINT);
  error.context = FieldOf(result, PG_DIAG_CONTEXT);
  error.schema = FieldOf(result, PG_DIAG_SCHEMA_NAME);
  error.table = FieldOf(result, PG_DIAG_TABLE_NAME);
  error.column = FieldOf(result, PG_DIAG_COLUMN_NAME);
  error.constraint = FieldOf(result, PG_DIAG_CONSTRAINT_NAME);
  error.position = ParseNumber<int>(FieldOf(result, PG_DIAG_STATEMENT_POSITION));
  return error;
}

[[noreturn]] void ThrowLost(const std::string& why, const std::string& state = {}) {
  throw Error(ErrorCode::kConnectionLost,
              "the connection to the database was lost" + (why.empty() ? "" : ": " + why),
              "the server rolls back what was not committed; run the command again", state);
}

// Of a server that is none of PostgreSQL's, or broken.
[[noreturn]] void ThrowNonsense(const std::string& what) {
  throw Error(ErrorCode::kConnectionLost, "the server's answer makes no sense: " + what,
              "is there a PostgreSQL server at this address?");
}

class PqCanceller : public Canceller {
 public:
  explicit PqCanceller(PGconn* connection) : cancel_(PQgetCancel(connection)) {}
  ~PqCanceller() override { PQfreeCancel(cancel_); }
  PqCanceller(const PqCanceller&) = delete;
  PqCanceller& operator=(const PqCanceller&) = delete;

  void Cancel() noexcept override {
    if (cancel_ == nullptr) return;
    std::array<char, 256> error{};
    PQcancel(cancel_, error.data(), error.size());
  }

 private:
  PGcancel* cancel_;
};

using ResultPtr = std::unique_ptr<PGresult, decltype(&PQclear)>;

Rows RowsOf(const PGresult* result) {
  Rows rows;
  const int columns = PQnfields(result);
  for (int c = 0; c < columns; ++c) rows.columns.emplace_back(PQfname(result, c));
  rows.rows.reserve(static_cast<std::size_t>(PQntuples(result)));
  for (int r = 0; r < PQntuples(result); ++r) {
    auto& row = rows.rows.emplace_back();
    row.reserve(static_cast<std::size_t>(columns));
    for (int c = 0; c < columns; ++c) {
      if (PQgetisnull(result, r, c) != 0) {
        row.emplace_back();
      } else {
        row.emplace_back(std::in_place, PQgetvalue(result, r, c), PQgetlength(result, r, c));
      }
    }
  }
  return rows;
}

[[noreturn]] void ThrowRefused(const std::string& message, const std::string& state) {
  if (sql_state::IsConnectionEnd(state)) ThrowLost(message, state);
  const ErrorCode code = sql_state::CodeOf(state);
  const std::string hint = code == ErrorCode::kPermission
                               ? "a role that may grant it runs: lockstep init --login ROLE, or "
                                 "--reader ROLE for one that only looks"
                               : "";
  throw Error(code, message, hint, state);
}

// Without libpq's word for what the message is.
std::string FirstLine(std::string_view text) {
  constexpr std::string_view kSeverity = "ERROR:  ";
  if (text.starts_with(kSeverity)) text.remove_prefix(kSeverity.size());
  return std::string(Trim(text.substr(0, text.find('\n'))));
}

class PqxxSession : public Session {
 public:
  PqxxSession(const ResolvedUrl& url, const SessionOptions& options)
      : connection_(url, options.connect_timeout),
        raw_(connection_.raw()),
        answer_deadline_(options.answer_deadline) {
    PQsetNoticeReceiver(raw_, &PqxxSession::Receive, this);
  }

  Reply Send(const std::string& sql, Keep keep,
             std::optional<std::chrono::milliseconds> deadline) override {
    SteadyDeadline until;
    if (deadline) until = std::chrono::steady_clock::now() + *deadline;
    if (PQsendQuery(raw_, sql.c_str()) != 1) ThrowLost(Problem());
    // Row by row, so that a result that nobody wants takes no memory.
    if (keep == Keep::kNothing) PQsetSingleRowMode(raw_);
    return ReadReply(keep, until);
  }

  // By libpq itself, as Send is: libpqxx forgets SQLSTATEs, and loses memory with an answer that
  // makes no sense.
  Rows Query(std::string_view sql, const std::vector<SqlValue>& parameters) override {
    SteadyDeadline until;
    if (answer_deadline_) until = std::chrono::steady_clock::now() + *answer_deadline_;
    std::vector<const char*> values;
    for (const SqlValue& value : parameters) values.push_back(value ? value->c_str() : nullptr);
    if (PQsendQueryParams(raw_, std::string(sql).c_str(), static_cast<int>(values.size()), nullptr,
                          values.data(), nullptr, nullptr, 0) != 1) {
      ThrowLost(Problem());
    }
    Reply reply = ReadReply(Keep::kRows, until);
    if (reply.error) ThrowRefused(reply.error->message, reply.error->sqlstate);
    return reply.rows.empty() ? Rows{} : std::move(reply.rows.front());
  }

  std::shared_ptr<Canceller> MakeCanceller() override {
    return std::make_shared<PqCanceller>(raw_);
  }
  int backend_pid() const override { return backend_pid_; }
  int server_version() const override { return PQserverVersion(raw_); }
  void OnNotice(std::function<void(const Notice&)> handler) override {
    on_notice_ = std::move(handler);
  }
  bool HasUnreadWords() const override {
    pollfd socket{PQsocket(raw_), POLLIN, 0};
    return poll(&socket, 1, 0) != 0;
  }

  int wire_pid() const { return PQbackendPID(raw_); }
  ServerAddress address() const { return {PQhost(raw_), PQport(raw_)}; }
  // The session has been set up; from here on answers may be large.
  void Begin(int backend_pid) {
    backend_pid_ = backend_pid;
    setting_up_ = false;
  }

 private:
  static void Receive(void* self, const PGresult* result) {
    const auto& handler = static_cast<PqxxSession*>(self)->on_notice_;
    if (!handler) return;
    handler({FieldOf(result, PG_DIAG_SEVERITY_NONLOCALIZED), FieldOf(result, PG_DIAG_SQLSTATE),
             FieldOf(result, PG_DIAG_MESSAGE_PRIMARY)});
  }

  std::string Problem() const { return FirstLine(PQerrorMessage(raw_)); }

  // Everything that the server answers to what was sent.
  Reply ReadReply(Keep keep, const SteadyDeadline& deadline) {
    Reply reply;
    while (ResultPtr result = Next(deadline)) Take(result.get(), keep, reply);
    if (PQstatus(raw_) == CONNECTION_BAD) {
      ThrowLost(reply.error ? reply.error->message : Problem(),
                reply.error ? reply.error->sqlstate : "");
    }
    return reply;
  }

  ResultPtr Next(const SteadyDeadline& deadline) {
    while (PQisBusy(raw_) != 0) {
      if (!WaitForSocket(PQsocket(raw_), POLLIN, deadline)) ThrowLost("no answer in time");
      if (setting_up_ && SaidTooMuch(PQsocket(raw_))) ThrowLost("it said too much for a greeting");
      if (PQconsumeInput(raw_) != 1) break;  // the next result tells why
    }
    return {PQgetResult(raw_), &PQclear};
  }

  void Take(const PGresult* result, Keep keep, Reply& reply) {
    switch (PQresultStatus(result)) {
      case PGRES_COMMAND_OK:
      case PGRES_TUPLES_OK:
        reply.tags.emplace_back(PQcmdStatus(const_cast<PGresult*>(result)));
        if (keep == Keep::kRows && PQnfields(result) > 0) reply.rows.push_back(RowsOf(result));
        return;
      case PGRES_COPY_IN:
        PQputCopyEnd(raw_, "COPY FROM STDIN has no data here");
        return;
      case PGRES_COPY_OUT:
        DrainCopy();
        return;
      case PGRES_COPY_BOTH:
        // Of a walsender only; libpq would hand it out again and again.
        ThrowNonsense("it begins to replicate");
      case PGRES_FATAL_ERROR:
      case PGRES_BAD_RESPONSE:
        // A lost connection adds a second report; the server's own came first.
        if (!reply.error) reply.error = ErrorOf(result);
        if (reply.error->message.empty()) {
          reply.error->message = FirstLine(PQresultErrorMessage(result));
        }
        return;
      default:
        return;
    }
  }

  void DrainCopy() {
    char* row = nullptr;
    while (PQgetCopyData(raw_, &row, 0) > 0) PQfreemem(row);
  }

  OnceConnection connection_;
  PGconn* raw_;
  std::optional<std::chrono::milliseconds> answer_deadline_;
  int backend_pid_ = 0;
  bool setting_up_ = true;
  std::function<void(const Notice&)> on_notice_;
};

constexpr std::string_view kFactsSql =
    "select pg_catalog.current_database(), session_user,"
    " pg_catalog.current_setting('search_path'), pg_catalog.pg_is_in_recovery(),"
    " pg_catalog.current_setting('transaction_read_only'), pg_catalog.pg_backend_pid(),"
    " pg_catalog.pg_has_role('pg_read_all_stats', 'usage'), pg_catalog.current_setting('role'),"
    " (select c.system_identifier from pg_catalog.pg_control_system() c),"
    // A standby refuses the question; the name of a file of the log begins with the timeline.
    " case when not pg_catalog.pg_is_in_recovery() then pg_catalog.concat('x', pg_catalog.substr("
    "pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8))"
    "::pg_catalog.bit(32)::pg_catalog.int8 end,"
    " pg_catalog.pg_postmaster_start_time()";

constexpr int kOldestServer = 130000;
constexpr int kFirstWithIdleLimit = 140000;

std::string IdleLimitSql(Duration limit) {
  return "set idle_session_timeout = '" + ToPostgres(limit) + "'";
}

ServerFacts FactsFrom(const Rows& rows, const PqxxSession& session) {
  ServerFacts facts;
  facts.version = session.server_version();
  facts.database = rows.Text(0, 0);
  facts.user = rows.Text(0, 1);
  facts.search_path = rows.Text(0, 2);
  facts.in_recovery = rows.Bool(0, 3);
  facts.read_only = rows.Text(0, 4) == "on";
  facts.backend_pid = static_cast<int>(rows.Int(0, 5));
  facts.through_pooler = facts.backend_pid != session.wire_pid();
  facts.sees_all_activity = rows.Bool(0, 6);
  facts.role = rows.Text(0, 7);
  facts.address = session.address();
  if (!facts.in_recovery) {
    facts.identity = {rows.Text(0, 8), rows.Int(0, 9), rows.Text(0, 10)};
  }
  return facts;
}

void RequireSupported(int version) {
  if (version >= kOldestServer) return;
  throw Error(ErrorCode::kBadSettings, "the server is PostgreSQL " +
                                           std::to_string(version / 10000) +
                                           "; 13 is the oldest that can be served");
}

}  // namespace

const std::string& Rows::Text(std::size_t row, std::size_t column) const {
  static const std::string none;
  const SqlValue& value = At(row, column);
  return value ? *value : none;
}

const SqlValue& Rows::At(std::size_t row, std::size_t column) const {
  if (row >= rows.size() || column >= rows[row].size()) ThrowNonsense("a value is missing");
  return rows[row][column];
}

const Rows& Reply::RowsOf(std::size_t index) const {
  if (index >= rows.size()) ThrowNonsense("rows are missing");
  return rows[index];
}

long long Rows::Int(std::size_t row, std::size_t column) const {
  return ParseNumber<long long>(Text(row, column));
}

double Rows::Real(std::size_t row, std::size_t column) const {
  return ParseNumber<double>(Text(row, column));
}

bool Rows::Bool(std::size_t row, std::size_t column) const { return Text(row, column) == "t"; }

void LimitIdleness(Session& session, Duration limit) {
  if (session.server_version() >= kFirstWithIdleLimit) session.Query(IdleLimitSql(limit));
}

// Our own settings of every session. What a role or a database sets for itself must not change what
// a migration means or how long a lost session keeps its lock; locking.md has the measurements.
std::vector<std::string> SessionSettings(int server_version, Duration idle_limit) {
  std::vector<std::string> statements = {"reset all",
                                         "set search_path = ''",
                                         "set client_min_messages = notice",
                                         "set standard_conforming_strings = on",
                                         "set default_transaction_isolation = 'read committed'",
                                         "set default_transaction_deferrable = off",
                                         "set lock_timeout = 0",
                                         "set statement_timeout = 0",
                                         "set idle_in_transaction_session_timeout = '10s'",
                                         "set tcp_keepalives_idle = 5",
                                         "set tcp_keepalives_interval = 2",
                                         "set tcp_keepalives_count = 3",
                                         "set tcp_user_timeout = '8s'"};
  if (server_version >= kFirstWithIdleLimit) {
    statements.emplace_back("set client_connection_check_interval = '500ms'");
    statements.push_back(IdleLimitSql(idle_limit));
  }
  if (server_version >= 170000) statements.emplace_back("set transaction_timeout = 0");
  return statements;
}

void RequireSuccess(const Reply& reply) {
  if (reply.ok()) return;
  throw Error(sql_state::CodeOf(reply.error->sqlstate), reply.error->message, reply.error->hint,
              reply.error->sqlstate);
}

CommitReply Commit(Session& session) {
  const Reply reply = SendBehindCommit(session, "commit");
  const bool committed = reply.ok() && !reply.tags.empty() && reply.tags.back() == "COMMIT";
  return {committed ? CommitOutcome::kCommitted : CommitOutcome::kRolledBack, reply.error};
}

Reply SendBehindCommit(Session& session, const std::string& sql) {
  try {
    return session.Send(sql);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kConnectionLost) throw;
    throw Error(ErrorCode::kInDoubt, "the connection was lost while the transaction was committed",
                "run the command again: the history says whether it was applied", error.sqlstate());
  }
}

OpenedSession OpenSession(const ConnectionUrl& url, const SessionOptions& options) {
  // Of all servers that the URL names, so that each of them is verified alike.
  ResolvedUrl full = ResolveVerification(url);
  if (options.server) full.url = full.url.At(*options.server);
  full.url = full.url.With("application_name", "lockstep/" + options.purpose)
                 .With("client_encoding", "UTF8")
                 .With("keepalives_idle", "5")
                 .With("keepalives_interval", "2")
                 .With("keepalives_count", "3")
                 .With("tcp_user_timeout", "8000");
  auto session = std::make_unique<PqxxSession>(full, options);
  RequireSupported(session->server_version());
  SqlBatch batch;
  batch.Add(kFactsSql);
  batch.Add(SessionSettings(session->server_version(), options.idle_limit));
  const Reply reply = session->Send(batch.text(), Keep::kRows,
                                    options.answer_deadline.value_or(options.connect_timeout));
  if (!reply.ok()) {
    throw Error(sql_state::CodeOf(reply.error->sqlstate),
                "the session could not be set up: " + reply.error->message, reply.error->hint,
                reply.error->sqlstate);
  }
  OpenedSession opened;
  opened.facts = FactsFrom(reply.RowsOf(0), *session);
  opened.facts.verification = full.verification;
  opened.facts.other_servers = full.url.servers();
  std::erase_if(opened.facts.other_servers,
                [&](const ServerAddress& server) { return server.Names(opened.facts.address); });
  session->Begin(opened.facts.backend_pid);
  opened.session = std::move(session);
  return opened;
}

}  // namespace lockstep
