// The input is a goal as somebody types it.
#include "core/goal.h"
#include "fuzz/oracle.h"
#include "fuzz/targets.h"

namespace lockstep {

void FuzzGoals(std::string_view input) {
  const auto parsed = ParseGoal(input);
  if (const auto* refused = std::get_if<Diagnostic>(&parsed)) {
    Hold(refused->code == "bad-goal" && !refused->hint.empty(), "a refusal says what would do");
    Hold(refused->message.size() <= input.size() + 200, "its words are bounded");
    return;
  }
  const Goal& goal = std::get<Goal>(parsed);
  Hold(goal.revision.empty() != (goal.anchor == Goal::Anchor::kRevision), "a revision has a name");
  const std::string text = ToText(goal);
  const auto again = ParseGoal(text);
  Hold(std::holds_alternative<Goal>(again) && std::get<Goal>(again) == goal,
       "an accepted goal prints back to itself", text);
}

}  // namespace lockstep
