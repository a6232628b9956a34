// What a database records as applied: values, read at one moment.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace lockstep {

// The newest change of one revision.
struct HistoryEntry {
  std::string revision;
  bool present = false;  // applied now (or rolled back, when false)
  std::string kind;      // applied, rolled_back, stamped, unstamped, adopted, resolved, repaired
  std::vector<std::string> parents;
  std::string description;
  std::string up_checksum;
  std::string down_checksum;  // empty: no down script was stored
  bool has_down = false;
  std::string irreversible;
  long long sequence = 0;  // order of changes in this database
  int change = 0;          // how many changes this revision has seen
  WallTime recorded_at{};
  double duration_seconds = 0;
  double lock_wait_seconds = 0;
  int attempts = 0;
  std::string attempt;  // UUID
  std::string host;
  int pid = 0;
  std::string client_version;
  std::string recorded_by;  // database role
  std::string backup_path;
};

// The newest attempt at a revision that did not end in the history.
struct FailedAttempt {
  std::string revision;
  std::string direction;  // up, down
  std::string outcome;    // failed, deferred, stopped, unknown; lost: tried again
  WallTime finished_at{};
  double duration_seconds = 0;
  double lock_wait_seconds = 0;
  int attempts = 0;
  std::string sqlstate, message, detail, hint, file;
  int line = 0, column = 0;
  std::string host;
  int pid = 0;
  std::string client_version;
  std::string blockers;  // JSON array of core/blocker
};

// A statement of a non-transactional migration that was begun and not yet part of a finished one.
struct ProgressRow {
  std::string revision;
  std::string direction;
  int ordinal = 0;             // from 1
  std::string statement_hash;  // Sha256 of the statement's text
  bool done = false;
  int tries = 0;
};

// Immutable once read. Thread: any.
class History {
 public:
  History() = default;
  History(std::vector<HistoryEntry> entries, std::vector<FailedAttempt> failed,
          std::vector<ProgressRow> progress);

  // All revisions that ever were, in the order of their newest change.
  const std::vector<HistoryEntry>& entries() const { return entries_; }
  const HistoryEntry* Find(std::string_view revision) const;
  bool IsApplied(std::string_view revision) const;
  std::set<std::string, std::less<>> Applied() const;
  // Applied revisions without an applied child, by the parents recorded here; in order.
  std::vector<std::string> Heads() const;
  // Only attempts newer than the revision's newest change count.
  const FailedAttempt* FailureOf(std::string_view revision) const;
  const std::vector<FailedAttempt>& failures() const { return failed_; }
  std::vector<ProgressRow> ProgressOf(std::string_view revision, std::string_view direction) const;
  // Revisions that are not applied, and of which some statements took effect or may have.
  std::set<std::string, std::less<>> HalfApplied() const;
  bool empty() const { return entries_.empty(); }

 private:
  std::vector<HistoryEntry> entries_;
  std::map<std::string, std::size_t, std::less<>> by_revision_;
  std::vector<FailedAttempt> failed_;
  std::vector<ProgressRow> progress_;
};

}  // namespace lockstep
