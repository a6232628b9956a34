#include "core/lock_mode.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace lockstep {
namespace {

using enum LockMode;

constexpr std::array kModes = {
    kAccessShare, kRowShare,          kRowExclusive, kShareUpdateExclusive,
    kShare,       kShareRowExclusive, kExclusive,    kAccessExclusive};

// Table 13.2 of the PostgreSQL manual, row by row: X where the two modes conflict.
constexpr std::array kConflicts = {".......X", "......XX", "....XXXX", "...XXXXX",
                                   "..XX.XXX", "..XXXXXX", ".XXXXXXX", "XXXXXXXX"};

TEST(LockMode, ConflictsAreThoseOfTheManual) {
  for (std::size_t row = 0; row < kModes.size(); ++row) {
    std::string conflicts;
    for (const LockMode other : kModes) conflicts += Conflict(kModes[row], other) ? 'X' : '.';
    EXPECT_EQ(conflicts, kConflicts[row]) << NameOf(kModes[row]);
  }
}

TEST(LockMode, ConflictIsMutual) {
  for (const LockMode a : kModes) {
    for (const LockMode b : kModes) EXPECT_EQ(Conflict(a, b), Conflict(b, a));
  }
}

TEST(LockMode, EachIsFoundByTheNameThatPgLocksGivesIt) {
  for (const LockMode mode : kModes) EXPECT_EQ(LockModeFromPgLocks(PgLocksNameOf(mode)), mode);
  EXPECT_EQ(LockModeFromPgLocks("SIReadLock"), std::nullopt);
}

TEST(LockMode, NamesAreAsLockTableSpellsThem) {
  EXPECT_EQ(NameOf(kShareRowExclusive), "SHARE ROW EXCLUSIVE");
  EXPECT_EQ(PgLocksNameOf(kShareRowExclusive), "ShareRowExclusiveLock");
}

TEST(LockMode, StrongIsWhatWritersWaitFor) {
  for (const LockMode mode : kModes)
    EXPECT_EQ(IsStrong(mode), Conflict(mode, kRowExclusive) && mode != kShareUpdateExclusive);
}

}  // namespace
}  // namespace lockstep
