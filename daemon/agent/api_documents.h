// The pieces of the API's answers, as docs/api.md has them. Pure.
#pragma once

#include <optional>
#include <string>

#include "agent/readiness.h"
#include "agent/run_journal.h"
#include "agent/target_status.h"
#include "base/json.h"

namespace lockstep {

// What there is to know of the agent itself.
struct AgentFacts {
  std::string host;
  int pid = 0;
  WallTime started_at{};
  SteadyTime started_steady{};
  std::string config;          // the configuration's file; empty: none
  std::string config_problem;  // of the last reload; empty: it was taken
  bool stopping = false;
};

// The *run* of docs/api.md; `progress` of the run that is under way.
json::object ToJson(const JournaledRun& run, const std::optional<RunProgress>& progress = {});

// Of one target: `active` and `ended` are its runs.
json::object TargetDocument(const TargetStatus& status, const std::optional<JournaledRun>& active,
                            const std::vector<JournaledRun>& ended, SteadyTime now);

json::object AgentDocument(const AgentFacts& facts, const Readiness& readiness, SteadyTime now);
json::object VersionDocument(const AgentFacts& facts);

// A document of the last look, with its age.
json::object WithAge(json::object document, const TargetStatus& status, SteadyTime now);

}  // namespace lockstep
