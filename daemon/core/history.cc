#include "core/history.h"

#include <algorithm>
#include <utility>

namespace lockstep {

History::History(std::vector<HistoryEntry> entries, std::vector<FailedAttempt> failed,
                 std::vector<ProgressRow> progress)
    : entries_(std::move(entries)), failed_(std::move(failed)), progress_(std::move(progress)) {
  std::ranges::stable_sort(entries_, {}, &HistoryEntry::sequence);
  std::ranges::stable_sort(progress_, {}, &ProgressRow::ordinal);
  for (std::size_t i = 0; i < entries_.size(); ++i) by_revision_[entries_[i].revision] = i;
}

const HistoryEntry* History::Find(std::string_view revision) const {
  const auto found = by_revision_.find(revision);
  return found == by_revision_.end() ? nullptr : &entries_[found->second];
}

bool History::IsApplied(std::string_view revision) const {
  const HistoryEntry* entry = Find(revision);
  return entry != nullptr && entry->present;
}

std::set<std::string, std::less<>> History::Applied() const {
  std::set<std::string, std::less<>> applied;
  for (const HistoryEntry& entry : entries_) {
    if (entry.present) applied.insert(entry.revision);
  }
  return applied;
}

std::vector<std::string> History::Heads() const {
  std::set<std::string_view> revised;
  for (const HistoryEntry& entry : entries_) {
    if (entry.present) revised.insert(entry.parents.begin(), entry.parents.end());
  }
  std::vector<std::string> heads;
  for (const HistoryEntry& entry : entries_) {
    if (entry.present && !revised.contains(entry.revision)) heads.push_back(entry.revision);
  }
  return heads;
}

const FailedAttempt* History::FailureOf(std::string_view revision) const {
  const HistoryEntry* entry = Find(revision);
  const FailedAttempt* newest = nullptr;
  for (const FailedAttempt& attempt : failed_) {
    if (attempt.revision != revision) continue;
    if (entry != nullptr && attempt.finished_at <= entry->recorded_at) continue;
    if (newest == nullptr || attempt.finished_at > newest->finished_at) newest = &attempt;
  }
  return newest;
}

std::set<std::string, std::less<>> History::HalfApplied() const {
  std::set<std::string, std::less<>> revisions;
  for (const ProgressRow& row : progress_) {
    if (row.direction == "up" && !IsApplied(row.revision)) revisions.insert(row.revision);
  }
  return revisions;
}

std::vector<ProgressRow> History::ProgressOf(std::string_view revision,
                                             std::string_view direction) const {
  std::vector<ProgressRow> rows;
  for (const ProgressRow& row : progress_) {
    if (row.revision == revision && row.direction == direction) rows.push_back(row);
  }
  return rows;
}

}  // namespace lockstep
