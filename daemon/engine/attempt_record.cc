#include "engine/attempt_record.h"

namespace lockstep {

FailedAttempt MakeFailedAttempt(const Step& step, std::string_view outcome,
                                const SqlFailure& failure, const std::vector<Blocker>& blockers,
                                const AttemptNumbers& numbers) {
  json::array in_the_way;
  for (const Blocker& blocker : blockers) in_the_way.push_back(ToJson(blocker));
  FailedAttempt attempt;
  attempt.revision = step.revision;
  attempt.direction = NameOf(step.direction);
  attempt.outcome = outcome;
  attempt.duration_seconds = numbers.duration_seconds;
  attempt.lock_wait_seconds = numbers.lock_wait_seconds;
  attempt.attempts = numbers.attempts;
  attempt.sqlstate = failure.error.sqlstate;
  attempt.message = failure.error.message;
  attempt.detail = failure.error.detail;
  attempt.hint = failure.error.hint;
  attempt.file = failure.file;
  attempt.line = failure.line;
  attempt.column = failure.column;
  attempt.blockers = json::serialize(in_the_way);
  return attempt;
}

}  // namespace lockstep
