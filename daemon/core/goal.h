// What the caller wants reached: "head", "base", a revision, "+2", "ae10-1".
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "base/diagnostic.h"

namespace lockstep {

struct Goal {
  enum class Anchor { kCurrent, kHead, kHeads, kBase, kRevision };
  Anchor anchor = Anchor::kHead;
  std::string revision;  // or its unique prefix; for kRevision only
  int offset = 0;        // steps from the anchor: "+2" is kCurrent, 2; "ae10-1" is kRevision, -1

  bool operator==(const Goal&) const = default;
};

// Alembic's words: head, heads, base, current, REV, +N, -N, REV+N, REV-N, head-N, base+N. The
// Diagnostic (code bad-goal) says what would have been understood.
std::variant<Goal, Diagnostic> ParseGoal(std::string_view text);

// The text that gives this goal.
std::string ToText(const Goal& goal);

}  // namespace lockstep
