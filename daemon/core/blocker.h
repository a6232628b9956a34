// A session, or a prepared transaction, that stands in somebody's way.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace lockstep {

// What kind of work is in the way; it decides whether waiting helps.
enum class BlockerKind {
  kIdleInTransaction,
  kActive,      // also what is hidden from us
  kAutovacuum,  // gives way by itself when somebody waits for longer than deadlock_timeout
  kWraparound,  // an autovacuum that does not give way, and must not be ended
  kPrepared,    // a prepared transaction: no session, only its owner can end it
  kDdl,         // holds or awaits a lock as DDL takes it
};

// "idle_in_transaction": the metrics' label too.
std::string_view NameOf(BlockerKind kind);

// One session (or prepared transaction) and the lock that counts. Texts are empty and numbers -1
// when they are not known.
struct Blocker {
  int pid = 0;      // 0: a prepared transaction
  std::string gid;  // of a prepared transaction
  std::string user;
  std::string application_name;
  std::string client_address;  // empty for a Unix socket
  std::string state;           // as pg_stat_activity says it
  double transaction_age_seconds = -1;
  double state_seconds = -1;  // since when it is in `state`
  double wait_seconds = -1;   // how long it has been waiting itself; of a victim, for us
  std::string mode;           // "ACCESS EXCLUSIVE"
  bool queued = false;        // it does not hold `mode` yet, it stands in the queue
  std::string relation;       // "public.orders"; empty when the lock is on something else
  std::string lock_type;      // "relation", "transactionid", "virtualxid", "tuple", "advisory", ...
  std::string query;          // what runs; the last one when idle
  std::string standby;        // the standby on which it is; empty: on the server that we change
  BlockerKind kind = BlockerKind::kActive;

  bool operator==(const Blocker&) const = default;
};

// Whether it is there and does not show since when: hidden from our role, or its activity is not
// tracked. One that has just ended its transaction shows no age either, and is "idle".
bool HidesItsAge(const Blocker& blocker);

// "pid 4711, app=reporting, user app, idle in transaction for 12 min, holds ACCESS SHARE on
// public.orders; its last statement was: select ...". One line, safe for a terminal.
std::string ToText(const Blocker& blocker);
std::vector<std::string> ToTexts(const std::vector<Blocker>& blockers);

// As it stands in the attempts table. BlockerFromJson throws when it was not ToJson that wrote it.
json::object ToJson(const Blocker& blocker);
Blocker BlockerFromJson(const json::value& value);

}  // namespace lockstep
