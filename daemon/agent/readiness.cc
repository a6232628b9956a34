#include "agent/readiness.h"

#include "base/text.h"
#include "core/duration.h"

namespace lockstep {
namespace {

std::string Quoted(std::string_view revision) { return "\"" + std::string(revision) + "\""; }

Readiness NotYet(const TargetStatus& status) {
  const DatabaseSight& sight = *status.sight;
  const std::string pending = Join(sight.pending, ", ");
  if (!status.run) return {false, "migrations are pending: " + pending};
  if (status.run->leader) return {false, "migrations are being applied: " + pending};
  return {false, "another replica applies migrations: " + pending};
}

Readiness NotHeardOf(Duration age) {
  return {false, "the database was last heard of " +
                     ToText(std::chrono::duration_cast<std::chrono::seconds>(age)) + " ago"};
}

Readiness ForRevision(const TargetStatus& status, std::string_view revision) {
  if (status.sight->applied.contains(revision)) {
    return {true, "revision " + Quoted(revision) + " is applied"};
  }
  return {false, "revision " + Quoted(revision) + " is not applied"};
}

}  // namespace

Readiness ReadinessOf(const TargetStatus& status, SteadyTime now, std::string_view revision) {
  if (!status.sight) {
    const bool known = !status.problem.empty();
    return {false, known ? status.problem : "the database has not been looked at yet"};
  }
  if (!status.reachable) return {false, "the database cannot be reached: " + status.problem};
  const DatabaseSight& sight = *status.sight;
  const Duration age = now - status.looked_steady;
  if (age > status.fresh_for && !status.run) return NotHeardOf(age);
  if (!revision.empty()) return ForRevision(status, revision);
  if (!status.folder_ok) return {false, status.problem};
  if (!sight.failed.empty()) {
    return {false, "revision " + Quoted(sight.failed.front()) + " failed, or awaits resolution"};
  }
  if (!sight.pending.empty()) return NotYet(status);
  if (age > status.fresh_for) return NotHeardOf(age);
  if (!sight.ahead.empty() && !status.ready_when_ahead) {
    return {false, "the database is ahead of this folder, which lacks " + Join(sight.ahead, ", ")};
  }
  return {true, sight.ahead.empty() ? "every migration is applied"
                                    : "every migration of this folder is applied; the database is "
                                      "ahead of it"};
}

}  // namespace lockstep
