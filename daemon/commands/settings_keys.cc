#include "commands/settings_keys.h"

#include <array>

#include "commands/setting_kinds.h"

namespace lockstep {
namespace {

// `field` gives the place of the value in its owner, constant or not: [](auto& s) -> auto& {...}.
template <class Owner, class Value, class Field>
SettingKey<Owner> Key(std::string name, SettingKind<Value> kind, Field field) {
  return {std::move(name), kind.shape,
          [kind, field](Owner& owner, const StatedValue& said) {
            return kind.read(field(owner), said);
          },
          [kind, field](const Owner& owner) { return kind.tell(field(owner)); }};
}

// ---- A target, whoever works on it -----------------------------------------------------------

using CommonKeys = std::vector<SettingKey<Settings>>;

void AddAll(CommonKeys& keys, CommonKeys more) {
  for (SettingKey<Settings>& key : more) keys.push_back(std::move(key));
}

// A file's header has the same keys for itself.
CommonKeys TableLocks() {
  CommonKeys keys;
  for (const std::string& key : TableLockKeys()) {
    const bool number = key == "max_victims";
    keys.push_back({key, ValueShape::kText,
                    [key](Settings& settings, const StatedValue& said) {
                      return SetTableLockLimit(settings.run.table_locks, key, said.text);
                    },
                    [key, number](const Settings& settings) {
                      const auto text = TableLockLimitText(settings.run.table_locks, key);
                      return number ? text : TomlText(text);
                    }});
  }
  return keys;
}

SettingKey<Settings> Hook(HookPoint point) {
  const SettingKind<std::vector<std::string>> kind = CommandLine();
  return {"hooks." + std::string(NameOf(point)), kind.shape,
          [kind, point](Settings& settings, const StatedValue& said) {
            std::vector<std::string> words;
            std::string problem = kind.read(words, said);
            if (problem.empty()) settings.run.hooks.commands[point] = std::move(words);
            return problem;
          },
          [kind, point](const Settings& settings) {
            const auto& commands = settings.run.hooks.commands;
            const auto found = commands.find(point);
            return found == commands.end() ? std::string() : kind.tell(found->second);
          }};
}

CommonKeys Hooks() {
  CommonKeys keys;
  for (const HookPoint point :
       {HookPoint::kBeforeRun, HookPoint::kAfterRun, HookPoint::kBeforeMigration,
        HookPoint::kAfterMigration, HookPoint::kOnFailure}) {
    keys.push_back(Hook(point));
  }
  keys.push_back(Key<Settings>(
      "hooks.timeout", RoundedUp(), [](auto& s) -> auto& { return s.run.hooks.timeout; }));
  return keys;
}

SettingKind<AlembicSync> AlembicWord() {
  return Word<AlembicSync>(
      {{"auto", AlembicSync::kAuto}, {"always", AlembicSync::kAlways}, {"off", AlembicSync::kOff}});
}

SettingKind<QueryDisclosure> DisclosureWord() {
  std::vector<std::pair<std::string, QueryDisclosure>> words;
  for (const auto disclosure : {QueryDisclosure::kWithoutConstants, QueryDisclosure::kText,
                                QueryDisclosure::kHash, QueryDisclosure::kOff}) {
    words.emplace_back(NameOf(disclosure), disclosure);
  }
  return Word(std::move(words));
}

CommonKeys Places() {
  using S = Settings;
  return {
      Key<S>(
          "database_url", Url(), [](auto& s) -> auto& { return s.url; }),
      Key<S>(
          "password_file", AnyText(), [](auto& s) -> auto& { return s.password_file; }),
      Key<S>(
          "dir", AnyText(), [](auto& s) -> auto& { return s.folder; }),
      Key<S>(
          "schema", AnyText(), [](auto& s) -> auto& { return s.run.names.schema; }),
      Key<S>(
          "alembic_table", AlembicTable(),
          [](auto& s) -> auto& { return s.run.names.alembic_table; }),
      Key<S>(
          "alembic_version", AlembicWord(), [](auto& s) -> auto& { return s.run.alembic; }),
      Key<S>(
          "owner_role", AnyText(), [](auto& s) -> auto& { return s.run.owner_role; }),
      Key<S>(
          "search_path", AnyText(), [](auto& s) -> auto& { return s.run.search_path; }),
      Key<S>(
          "migration_lock_wait", WaitOr("forever"),
          [](auto& s) -> auto& { return s.run.migration_lock_wait; }),
      Key<S>(
          "migration_lock_idle_limit", Pause(),
          [](auto& s) -> auto& { return s.run.migration_lock_idle_limit; }),
      Key<S>(
          "sandbox_bin_dir", AnyText(), [](auto& s) -> auto& { return s.sandbox_bin_dir; }),
  };
}

CommonKeys Backups() {
  using S = Settings;
  constexpr int kMost = 99'999'999;
  return {
      Key<S>(
          "backup.directory", AnyText(), [](auto& s) -> auto& { return s.run.backup.directory; }),
      Key<S>(
          "backup.keep", Number(0, kMost, "must be a number; 0 keeps every backup"),
          [](auto& s) -> auto& { return s.run.backup.keep; }),
      Key<S>(
          "backup.program", AnyText(), [](auto& s) -> auto& { return s.run.backup.program; }),
  };
}

CommonKeys OtherSessions() {
  using S = Settings;
  return {
      Key<S>(
          "blocker_query", DisclosureWord(), [](auto& s) -> auto& { return s.run.blocker_query; }),
      Key<S>(
          "end_blockers.enabled", Switch(), [](auto& s) -> auto& { return s.run.ending.on; }),
      Key<S>(
          "end_blockers.idle_longer_than", LongerThanZero(),
          [](auto& s) -> auto& { return s.run.ending.idle_longer_than; }),
      Key<S>(
          "end_blockers.users", Names(), [](auto& s) -> auto& { return s.run.ending.users; }),
      Key<S>(
          "end_blockers.applications", Names(),
          [](auto& s) -> auto& { return s.run.ending.applications; }),
      Key<S>(
          "standby_guard.urls", Urls(), [](auto& s) -> auto& { return s.standby_urls; }),
      Key<S>(
          "standby_guard.longest_query", LongerThanZero(),
          [](auto& s) -> auto& { return s.run.standby_longest_query; }),
  };
}

CommonKeys MakeCommonKeys() {
  CommonKeys keys = Places();
  AddAll(keys, TableLocks());
  AddAll(keys, OtherSessions());
  AddAll(keys, Backups());
  AddAll(keys, Hooks());
  return keys;
}

// ---- A target, as the agent works on it ------------------------------------------------------

SettingKey<TargetSettings> OfTarget(const SettingKey<Settings>& key) {
  return {key.name, key.shape,
          [set = key.set](TargetSettings& target, const StatedValue& said) {
            return set(target.settings, said);
          },
          [get = key.get](const TargetSettings& target) { return get(target.settings); }};
}

std::vector<SettingKey<TargetSettings>> AgentsTargetKeys() {
  using T = TargetSettings;
  constexpr int kMostSessions = 100;
  return {
      Key<T>(
          "apply.on_start", Switch(), [](auto& t) -> auto& { return t.apply_on_start; }),
      Key<T>(
          "apply.on_change", Switch(), [](auto& t) -> auto& { return t.apply_on_change; }),
      Key<T>(
          "apply.interval", PauseOr("off"), [](auto& t) -> auto& { return t.apply_interval; }),
      Key<T>(
          "apply.goal", UpwardGoal(), [](auto& t) -> auto& { return t.goal; }),
      Key<T>(
          "apply.retry_deferred", PauseLongerThanZero(),
          [](auto& t) -> auto& { return t.retry_deferred; }),
      Key<T>(
          "refresh", PauseLongerThanZero(), [](auto& t) -> auto& { return t.refresh; }),
      Key<T>(
          "folder.settle", Pause(), [](auto& t) -> auto& { return t.folder_settle; }),
      Key<T>(
          "folder.rescan", PauseLongerThanZero(), [](auto& t) -> auto& { return t.folder_rescan; }),
      Key<T>(
          "ready_when_ahead", Switch(), [](auto& t) -> auto& { return t.ready_when_ahead; }),
      Key<T>(
          "pool.size", Number(1, kMostSessions, "must be a number from 1 to 100"),
          [](auto& t) -> auto& { return t.pool_size; }),
      Key<T>(
          "pool.wait", PauseLongerThanZero(), [](auto& t) -> auto& { return t.pool_wait; }),
  };
}

std::vector<SettingKey<TargetSettings>> MakeTargetKeys() {
  std::vector<SettingKey<TargetSettings>> keys;
  for (const SettingKey<Settings>& key : CommonTargetKeys()) keys.push_back(OfTarget(key));
  for (SettingKey<TargetSettings>& key : AgentsTargetKeys()) keys.push_back(std::move(key));
  return keys;
}

// ---- The agent -------------------------------------------------------------------------------

SettingKind<ReadyWhen> ReadyWord() {
  return Word<ReadyWhen>({{"started", ReadyWhen::kStarted}, {"migrated", ReadyWhen::kMigrated}});
}

SettingKind<LogLevel> LevelWord() {
  return Word<LogLevel>({{"debug", LogLevel::kDebug},
                         {"info", LogLevel::kInfo},
                         {"warning", LogLevel::kWarning},
                         {"error", LogLevel::kError}});
}

SettingKind<LogFormat> FormatWord() {
  return Word<LogFormat>({{"auto", LogFormat::kAuto},
                          {"text", LogFormat::kText},
                          {"json", LogFormat::kJson},
                          {"journal", LogFormat::kJournal}});
}

std::vector<SettingKey<AgentSettings>> MakeAgentKeys() {
  using A = AgentSettings;
  return {
      Key<A>(
          "listen", ListenAddress(), [](auto& a) -> auto& { return a.listen; }),
      Key<A>(
          "socket.path", SocketPath(), [](auto& a) -> auto& { return a.socket; }),
      Key<A>(
          "socket.mode", FileMode(), [](auto& a) -> auto& { return a.socket_mode; }),
      Key<A>(
          "socket.group", AnyText(), [](auto& a) -> auto& { return a.socket_group; }),
      Key<A>(
          "socket.allow_users", Names(), [](auto& a) -> auto& { return a.allow_users; }),
      Key<A>(
          "socket.allow_groups", Names(), [](auto& a) -> auto& { return a.allow_groups; }),
      Key<A>(
          "shutdown.grace", Pause(), [](auto& a) -> auto& { return a.shutdown_grace; }),
      Key<A>(
          "notify.ready", ReadyWord(), [](auto& a) -> auto& { return a.notify_ready; }),
      Key<A>(
          "log.level", LevelWord(), [](auto& a) -> auto& { return a.log_level; }),
      Key<A>(
          "log.format", FormatWord(), [](auto& a) -> auto& { return a.log_format; }),
  };
}

}  // namespace

const std::vector<SettingKey<Settings>>& CommonTargetKeys() {
  static const std::vector<SettingKey<Settings>> keys = MakeCommonKeys();
  return keys;
}

const std::vector<SettingKey<TargetSettings>>& TargetKeys() {
  static const std::vector<SettingKey<TargetSettings>> keys = MakeTargetKeys();
  return keys;
}

const std::vector<SettingKey<AgentSettings>>& AgentKeys() {
  static const std::vector<SettingKey<AgentSettings>> keys = MakeAgentKeys();
  return keys;
}

}  // namespace lockstep
