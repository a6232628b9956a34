// One event as the line that a person, a program or the journal reads. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"

namespace lockstep {

// A line that would be longer has its texts cut, the longest first, with "..." at their ends: what
// comes after a huge message is still there, and a JSON line is still JSON.
inline constexpr std::size_t kLongestLogLine = 16 << 10;
inline constexpr std::size_t kLongestJournalField = 64 << 10;
// Below what a Unix datagram may hold by default (net.core.wmem_default, 208 KiB).
inline constexpr std::size_t kLongestJournalEntry = 128 << 10;

// What LogEvent was given, and when. It borrows all of it.
struct LogRecord {
  WallTime time;
  const EventKind& kind;
  std::string_view message;
  const LogFields& fields;
};

enum class Coloring { kPlain, kColored };

// 2026-11-22T18:20:38Z warning run_failed the run failed revision=db82de06f57d file="a b.sql"
// Control characters and broken UTF-8 are escaped, so that no value can forge a line.
std::string TextLine(const LogRecord& record, Coloring coloring);

// {"ts":"2026-11-22T18:20:38.123Z","level":"warning","event":"run_failed","msg":...,"revision":...}
// Broken UTF-8 is written as \xff. Numbers that JSON cannot say are null.
std::string JsonLine(const LogRecord& record);

// MESSAGE, PRIORITY, SYSLOG_IDENTIFIER, LOCKSTEP_EVENT, and LOCKSTEP_<FIELD> for each field.
using JournalFields = std::vector<std::pair<std::string, std::string>>;
JournalFields JournalFieldsOf(const LogRecord& record);
// The same as one datagram of journald's native protocol
// (https://systemd.io/JOURNAL_NATIVE_PROTOCOL).
std::string JournalEntry(const LogRecord& record);

}  // namespace lockstep
