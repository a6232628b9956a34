#include "engine/standby_guard.h"

#include "postgres/blockers.h"

namespace lockstep {
namespace {

std::vector<LockTarget> ReplayedOf(const std::vector<LockTarget>& targets) {
  std::vector<LockTarget> replayed;
  for (const LockTarget& target : targets) {
    if (target.mode == LockMode::kAccessExclusive) replayed.push_back(target);
  }
  return replayed;
}

}  // namespace

StandbyGuard::StandbyGuard(const std::vector<StandbySettings>& standbys, Duration longest_query,
                           Clock& clock)
    : longest_query_(longest_query) {
  for (const StandbySettings& standby : standbys) standbys_.emplace_back(standby, clock);
}

std::vector<Blocker> StandbyGuard::FindReaders(const std::vector<LockTarget>& targets,
                                               std::vector<std::string>& remarks) {
  const std::vector<LockTarget> replayed = ReplayedOf(targets);
  if (replayed.empty()) return {};
  std::vector<Blocker> readers;
  for (Standby& standby : standbys_) {
    const auto seen = standby.lookout.Ask(
        [&](Session& session) { return FindHolders(session, replayed, session.backend_pid()); });
    if (!seen) {
      remarks.push_back("the standby " + standby.name +
                        " cannot be asked who reads there; its replay may wait");
      continue;
    }
    if (!standby.lookout.SeesAllActivity().value_or(true)) {
      remarks.push_back("the standby " + standby.name +
                        " does not show how long others read there, so that everybody is waited "
                        "for: grant pg_monitor to its role");
    }
    for (Blocker blocker : *seen) {
      const bool recent = blocker.transaction_age_seconds < ToSeconds(longest_query_);
      if (recent && !HidesItsAge(blocker)) continue;
      blocker.standby = standby.name;
      readers.push_back(std::move(blocker));
    }
  }
  return readers;
}

}  // namespace lockstep
