#include "core/lock_mode.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace lockstep {
namespace {

using enum LockMode;

struct ModeNames {
  std::string_view sql;
  std::string_view pg_locks;
};

// In the order of LockMode.
constexpr std::array kNames = {
    ModeNames{"ACCESS SHARE", "AccessShareLock"},
    ModeNames{"ROW SHARE", "RowShareLock"},
    ModeNames{"ROW EXCLUSIVE", "RowExclusiveLock"},
    ModeNames{"SHARE UPDATE EXCLUSIVE", "ShareUpdateExclusiveLock"},
    ModeNames{"SHARE", "ShareLock"},
    ModeNames{"SHARE ROW EXCLUSIVE", "ShareRowExclusiveLock"},
    ModeNames{"EXCLUSIVE", "ExclusiveLock"},
    ModeNames{"ACCESS EXCLUSIVE", "AccessExclusiveLock"},
};

// For each mode the weakest one that it conflicts with; it conflicts with every stronger one too.
// SHARE alone does not fit: it stands beside itself, though not beside SHARE UPDATE EXCLUSIVE.
constexpr std::array kWeakestConflict = {
    kAccessExclusive, kExclusive,    kShare,    kShareUpdateExclusive,
    kRowExclusive,    kRowExclusive, kRowShare, kAccessShare,
};

std::size_t IndexOf(LockMode mode) { return static_cast<std::size_t>(mode); }

}  // namespace

std::string_view NameOf(LockMode mode) { return kNames[IndexOf(mode)].sql; }

std::string_view PgLocksNameOf(LockMode mode) { return kNames[IndexOf(mode)].pg_locks; }

std::optional<LockMode> LockModeFromPgLocks(std::string_view name) {
  const auto* found = std::find_if(kNames.begin(), kNames.end(),
                                   [name](const ModeNames& n) { return n.pg_locks == name; });
  if (found == kNames.end()) return std::nullopt;
  return static_cast<LockMode>(found - kNames.begin());
}

bool Conflict(LockMode a, LockMode b) {
  if (a == kShare && b == kShare) return false;
  return b >= kWeakestConflict[IndexOf(a)];
}

}  // namespace lockstep
