#include "engine/server_memory.h"

#include "base/error.h"
#include "base/text.h"

namespace lockstep {
namespace {

[[noreturn]] void RefuseOldPrimary(const ServerIdentity& seen, const ServerIdentity& now) {
  throw Error(ErrorCode::kOldPrimary,
              "the server is an old primary: it is on timeline " + std::to_string(now.timeline) +
                  ", and this database was seen on timeline " + std::to_string(seen.timeline),
              "stop it, or make it a standby of the new primary; when it is meant after all, start "
              "lockstepd again");
}

// What happened to the server, without its consequences.
std::string ChangeOf(const ServerIdentity& before, const ServerIdentity& now) {
  if (before.system_identifier != now.system_identifier) {
    return "the database is on another cluster now: system identifier " + before.system_identifier +
           " became " + now.system_identifier;
  }
  if (before.timeline == now.timeline) return "the server was started again";
  return "another server leads now: timeline " + std::to_string(before.timeline) + " became " +
         std::to_string(now.timeline);
}

}  // namespace

std::string ToText(const Failover& failover) {
  const std::string change = ChangeOf(failover.before, failover.now);
  if (failover.lost.empty()) return change + "; the history is whole";
  return change + "; committed before, and lost with that: " + Join(failover.lost, ", ");
}

std::optional<Failover> ServerMemory::Meet(const ServerFacts& facts, const History& history) {
  if (!facts.identity) return {};
  std::optional<Failover> failover;
  if (last_ && IsAnother(facts)) {
    failover = Failover{*last_, *facts.identity, LostIn(history)};
    const bool same_cluster = last_->system_identifier == facts.identity->system_identifier;
    if (same_cluster && facts.identity->timeline < last_->timeline) {
      RefuseOldPrimary(*last_, *facts.identity);
    }
    const bool restarted = same_cluster && facts.identity->timeline == last_->timeline;
    if (restarted && failover->lost.empty()) failover.reset();
  }
  last_ = facts.identity;
  changes_.clear();
  for (const HistoryEntry& entry : history.entries()) changes_[entry.revision] = entry.change;
  return failover;
}

std::vector<std::string> ServerMemory::LostIn(const History& history) const {
  std::vector<std::string> lost;
  for (const auto& [revision, change] : changes_) {
    const HistoryEntry* entry = history.Find(revision);
    if (entry == nullptr || entry->change < change) lost.push_back(revision);
  }
  return lost;
}

}  // namespace lockstep
