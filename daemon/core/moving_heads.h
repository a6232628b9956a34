// The database's heads while a plan moves them.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/history.h"

namespace lockstep {

// Each step costs the step's parents and not the history, so that a plan of thousands stays cheap.
// Thread: one at a time.
class MovingHeads {
 public:
  explicit MovingHeads(const History& history);

  void Apply(const std::string& revision, const std::vector<std::string>& parents);
  // `parents` are those under which it was applied.
  void RollBack(const std::string& revision, const std::vector<std::string>& parents);

  // In the order in which they were applied.
  std::vector<std::string> Names() const;

 private:
  void AddWhenHead(const std::string& revision);
  void Remove(const std::string& revision);

  std::map<std::string, std::size_t, std::less<>> place_;  // in the order of applying
  std::map<std::string, int, std::less<>> applied_children_;
  std::map<std::size_t, std::string> heads_;  // by place
};

}  // namespace lockstep
