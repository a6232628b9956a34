// What the agent is configured with: the same file as the command line's, several targets.
//
// Every key of a target may stand at the top of the file, as the default for all targets, and in a
// section [target.NAME] of its own. Without such a section there is one target, "default".
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "commands/settings.h"

namespace lockstep {

enum class ReadyWhen { kStarted, kMigrated };

// When and how the agent works on one target, beside what every command needs to know of it.
struct TargetSettings {
  std::string name = "default";
  Settings settings;
  bool apply_on_start = true;
  bool apply_on_change = true;             // of the folder
  std::optional<Duration> apply_interval;  // nothing: not by the clock
  std::string goal = "head";               // of what the agent does by itself
  Duration retry_deferred = std::chrono::minutes(5);
  Duration refresh = std::chrono::seconds(10);        // how old the picture of the database may get
  Duration folder_settle = std::chrono::seconds(2);   // unchanged for so long before it is read
  Duration folder_rescan = std::chrono::seconds(60);  // a full look, whatever inotify said
  bool ready_when_ahead = true;  // the database has revisions that this folder lacks
  int pool_size = 2;             // sessions for reading; a run has one of its own beside them
  Duration pool_wait = std::chrono::seconds(5);
};

struct AgentSettings {
  std::string file;                       // the configuration that was read; empty: none
  std::string listen = "127.0.0.1:8432";  // HOST:PORT, read-only; "off": nothing
  std::string socket = "/run/lockstep/lockstep.sock";  // "off": nothing
  unsigned socket_mode = 0660;
  std::string socket_group;              // empty: that of the process
  std::vector<std::string> allow_users;  // who may change things, beside root and ourselves
  std::vector<std::string> allow_groups;
  Duration shutdown_grace = std::chrono::seconds(25);
  ReadyWhen notify_ready = ReadyWhen::kStarted;
  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kAuto;
  std::vector<TargetSettings> targets;  // at least one
};

// Values given to lockstepd on its command line; empty: not given.
struct AgentFlags {
  SettingsFlags settings;
  std::string socket;
  std::string listen;
};

// One setting as it is in force, for `lockstepd --print-config`.
struct EffectiveSetting {
  std::string key;     // "lock_timeout", "target.shop.dir"
  std::string value;   // as the file would spell it, quotes included; empty: not set.
                       // Without passwords; "***" for what may be a secret as a whole
  std::string origin;  // "default", "/etc/lockstep/lockstep.toml:12", "LOCKSTEP_LISTEN", "--listen"
};

struct LoadedAgentSettings {
  AgentSettings settings;
  std::vector<EffectiveSetting> effective;  // in the order of docs/settings.md, targets last
};

// Throws as LoadSettings does. What the environment and the flags say counts for all targets; a
// database, a folder or a password file given there is refused where there are several.
LoadedAgentSettings LoadAgentSettings(const AgentFlags& flags);

// "key = value   # origin", a line each, aligned: a file that says the same, as far as secrets
// allow. What is not set is a comment.
std::string PrintSettings(const std::vector<EffectiveSetting>& settings);

}  // namespace lockstep
