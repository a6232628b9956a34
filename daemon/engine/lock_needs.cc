#include "engine/lock_needs.h"

#include <algorithm>
#include <array>

namespace lockstep {
namespace {

// Their text does not tell what they do.
constexpr std::array<std::string_view, 10> kUnforeseeable = {
    "ALTER EXTENSION", "CALL",       "CREATE EXTENSION", "DO",
    "DROP EXTENSION",  "DROP OWNED", "EXECUTE",          "IMPORT FOREIGN SCHEMA",
    "REASSIGN OWNED",  "UNKNOWN"};

bool IsUnforeseeable(const StatementKind& kind) {
  return std::find(kUnforeseeable.begin(), kUnforeseeable.end(), kind.name) != kUnforeseeable.end();
}

// Class B waits without harm: what it locks strongly, nobody uses meanwhile.
bool LocksStrongly(const StatementLocks& locks) {
  if (locks.lock_class == LockClass::kLongWeak) return false;
  return std::ranges::any_of(locks.targets,
                             [](const LockTarget& target) { return IsStrong(target.mode); });
}

bool IsLong(const StatementLocks& locks, long long small_table) {
  return std::ranges::any_of(
      locks.long_work, [small_table](const FoundWork& found) { return found.bytes > small_table; });
}

}  // namespace

LockNeeds NeedsOf(const std::vector<Statement>& statements,
                  const std::vector<StatementLocks>& locks, long long small_table) {
  LockNeeds needs{.targets = TargetsOf(locks)};
  bool unforeseeable = false;
  for (std::size_t i = 0; i < statements.size(); ++i) {
    needs.strong |= LocksStrongly(locks[i]);
    needs.long_hold |= IsLong(locks[i], small_table);
    unforeseeable |= IsUnforeseeable(statements[i].kind);
  }
  // Such a statement may be a long change of data: then only its waits are kept short.
  needs.long_hold |= unforeseeable && !needs.strong;
  needs.strong |= unforeseeable;
  return needs;
}

}  // namespace lockstep
