// How a migration takes its table locks: limits that the settings give, and that a file's header
// may give for itself. One table of keys serves both.
//
// What each is for: docs/table-locks.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace lockstep {

struct TableLockLimits {
  // One attempt.
  std::vector<Duration> ladder = {std::chrono::milliseconds(40), std::chrono::milliseconds(100),
                                  std::chrono::milliseconds(200)};  // first table; the last repeats
  Duration next_lock_timeout = std::chrono::milliseconds(20);       // each further table
  Duration acquire_timeout = std::chrono::milliseconds(300);        // one LOCK TABLE statement
  Duration lock_timeout = std::chrono::seconds(2);                  // rows, and weak locks
  Duration max_hold = std::chrono::seconds(2);                      // strong locks, body included
  Duration statement_timeout{0};                                    // 0: none
  // Between attempts.
  Duration look_interval = std::chrono::milliseconds(250);  // a quarter of it is jitter
  Duration young_holder = std::chrono::milliseconds(200);  // a transaction that we may queue behind
  Duration retry_pause = std::chrono::milliseconds(250);   // doubles
  Duration retry_pause_limit = std::chrono::seconds(15);
  Duration lock_deadline = std::chrono::minutes(30);  // looks, attempts and pauses; then deferred
  // The circuit breaker.
  int max_victims = 20;
  Duration max_victim_wait = std::chrono::milliseconds(300);
  // What takes long under a strong lock is refused above it.
  long long small_table = 10LL * 1024 * 1024;  // bytes

  bool operator==(const TableLockLimits&) const = default;
};

// "lock_deadline", "max_hold", ...: as a header and the settings spell them.
const std::vector<std::string>& TableLockKeys();

// Sets one by its key and its text. Returns the end of a sentence that begins with the key, such as
// "must be longer than 0"; empty when it was set. REQUIRES: a key of TableLockKeys().
std::string SetTableLockLimit(TableLockLimits& limits, std::string_view key,
                              std::string_view value);

// The text by which SetTableLockLimit sets what `limits` has. REQUIRES: a key of TableLockKeys().
std::string TableLockLimitText(const TableLockLimits& limits, std::string_view key);

// What a header says for its file; checked when it was read.
struct TableLockOverride {
  std::string key;
  std::string value;
  bool operator==(const TableLockOverride&) const = default;
};

TableLockLimits Overridden(TableLockLimits limits, const std::vector<TableLockOverride>& own);

}  // namespace lockstep
