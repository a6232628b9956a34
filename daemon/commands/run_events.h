// A run's events as JSON objects: what the agent writes line by line, and the command line reads
// back into the same progress that a run of its own would show. docs/api.md lists them.
#pragma once

#include <functional>

#include "base/clock.h"
#include "base/json.h"
#include "engine/run_observer.h"

namespace lockstep {

// Turns each call into an object: {"event": "step_begin", "at": "2026-11-22T18:20:38Z", ...}.
// Thread: any; `write` is called by whoever calls.
class RunEventWriter : public RunObserver {
 public:
  RunEventWriter(const Clock& clock, std::function<void(json::object)> write);
  // ... one override for each event
};

// Calls the method of `observer` that `event` was made from. What it does not know it passes over,
// since a newer agent may tell more.
void ReplayRunEvent(const json::object& event, RunObserver& observer);

}  // namespace lockstep
