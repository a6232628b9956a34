#include "core/moving_heads.h"

namespace lockstep {

MovingHeads::MovingHeads(const History& history) {
  for (const HistoryEntry& entry : history.entries()) {
    if (!entry.present) continue;
    place_.try_emplace(entry.revision, place_.size());
    for (const std::string& parent : entry.parents) ++applied_children_[parent];
  }
  for (const auto& [revision, place] : place_) AddWhenHead(revision);
}

void MovingHeads::Apply(const std::string& revision, const std::vector<std::string>& parents) {
  place_.try_emplace(revision, place_.size());
  for (const std::string& parent : parents) {
    ++applied_children_[parent];
    Remove(parent);
  }
  AddWhenHead(revision);
}

void MovingHeads::RollBack(const std::string& revision, const std::vector<std::string>& parents) {
  Remove(revision);
  for (const std::string& parent : parents) {
    --applied_children_[parent];
    AddWhenHead(parent);
  }
}

std::vector<std::string> MovingHeads::Names() const {
  std::vector<std::string> names;
  for (const auto& [place, revision] : heads_) names.push_back(revision);
  return names;
}

void MovingHeads::AddWhenHead(const std::string& revision) {
  const auto place = place_.find(revision);
  if (place == place_.end() || applied_children_[revision] > 0) return;
  heads_.emplace(place->second, revision);
}

void MovingHeads::Remove(const std::string& revision) {
  const auto place = place_.find(revision);
  if (place != place_.end()) heads_.erase(place->second);
}

}  // namespace lockstep
