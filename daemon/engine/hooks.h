// The operator's own programs, run before and after a run and each migration, and on failure.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace lockstep {

enum class HookPoint { kBeforeRun, kAfterRun, kBeforeMigration, kAfterMigration, kOnFailure };

std::string_view NameOf(HookPoint point);  // "before_run"

struct HookSettings {
  std::map<HookPoint, std::vector<std::string>> commands;  // absolute path and arguments
  std::chrono::milliseconds timeout{60'000};
  bool empty() const { return commands.empty(); }
};

struct HookResult {
  HookPoint point = HookPoint::kBeforeRun;
  int exit_code = 0;  // 128 + the signal when one ended it; -1: it could not be started
  bool timed_out = false;
  std::string output;   // capped and escaped
  std::string problem;  // a sentence when it did not succeed; empty when it did
  bool ok() const { return problem.empty(); }
};

// Refuses a command that is not an absolute path, does not exist, or that others could replace (the
// file or a folder above it writable by group or others, or owned by neither root nor us; a folder
// like /tmp, where only owners remove names, will do). Links are followed and looked at likewise.
// Throws Error kBadSettings. Called once, when the settings are read.
void CheckHooks(const HookSettings& settings);

// Runs the hook of `point`, if there is one. `facts` goes to its standard input as JSON and, for
// its strings and numbers, to its environment as LOCKSTEP_<KEY> ("revision" is LOCKSTEP_REVISION);
// the point's name is in LOCKSTEP_HOOK. No shell. Never throws for what the program does: a failing
// "before" is for the caller to obey.
std::optional<HookResult> RunHook(const HookSettings& settings, HookPoint point,
                                  const json::object& facts, std::stop_token stop);

}  // namespace lockstep
