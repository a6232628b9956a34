#include "commands/settings.h"

#include <sys/stat.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "base/error.h"
#include "base/text.h"
#include "commands/password_file.h"
#include "core/duration.h"
#include "postgres/connection_url.h"

namespace lockstep {
namespace {

constexpr const char* kDefaultFile = "lockstep.toml";
constexpr const char* kHint = "docs/settings.md lists the keys";

// ---- One value -------------------------------------------------------------------------------

// What is wrong with a value; empty when it was taken.
using Problem = std::string;

Problem SetText(std::string& field, const std::string& value) {
  if (value.empty()) return "must not be empty";
  field = value;
  return "";
}

Problem SetDuration(Duration& field, const std::string& value) {
  const std::optional<Duration> duration = ParseDuration(value);
  if (!duration) return "must be a time with its unit, such as \"2s\" or \"30min\"";
  field = *duration;
  return "";
}

// 0 would mean to PostgreSQL "wait for ever".
Problem SetTimeLimit(Duration& field, const std::string& value) {
  Duration limit{};
  if (Problem problem = SetDuration(limit, value); !problem.empty()) return problem;
  if (limit <= Duration::zero()) return "must be longer than 0";
  field = limit;
  return "";
}

Problem SetUrl(Settings& settings, const std::string& value) {
  settings.url = ConnectionUrl::Parse(value);
  return "";
}

Problem SetAlembicTable(Settings& settings, const std::string& value) {
  const std::vector<std::string> parts = SplitTrimmed(value, '.');
  const bool two_names = parts.size() == 2 && !parts[0].empty() && !parts[1].empty();
  if (!two_names) return "must be SCHEMA.TABLE, such as \"public.alembic_version\"";
  settings.run.names.alembic_table = value;
  return "";
}

Problem SetAlembicSync(Settings& settings, const std::string& value) {
  if (value == "auto") settings.run.alembic = AlembicSync::kAuto;
  if (value == "always") settings.run.alembic = AlembicSync::kAlways;
  if (value == "off") settings.run.alembic = AlembicSync::kOff;
  const bool known = value == "auto" || value == "always" || value == "off";
  return known ? "" : "must be \"auto\", \"always\" or \"off\"";
}

Problem SetMigrationLockWait(Settings& settings, const std::string& value) {
  if (value == "forever") {
    settings.run.migration_lock_wait = std::nullopt;
    return "";
  }
  Duration wait{};
  if (!SetDuration(wait, value).empty()) return "must be a time such as \"60s\", or \"forever\"";
  settings.run.migration_lock_wait = wait;
  return "";
}

Problem SetKeep(Settings& settings, const std::string& value) {
  const bool number = !value.empty() && value.size() < 9 &&
                      value.find_first_not_of("0123456789") == std::string::npos;
  if (!number) return "must be a number; 0 keeps every backup";
  settings.run.backup.keep = std::stoi(value);
  return "";
}

Problem SetHookTimeout(Settings& settings, const std::string& value) {
  Duration timeout{};
  if (Problem problem = SetTimeLimit(timeout, value); !problem.empty()) return problem;
  settings.run.hooks.timeout = std::chrono::ceil<std::chrono::milliseconds>(timeout);
  return "";
}

Problem SetBlockerQuery(Settings& settings, const std::string& value) {
  const auto disclosure = QueryDisclosureNamed(value);
  if (!disclosure) return "must be \"without_constants\", \"text\", \"hash\" or \"off\"";
  settings.run.blocker_query = *disclosure;
  return "";
}

Problem SetEndBlockers(Settings& settings, const std::string& value) {
  if (value != "on" && value != "off") return "must be \"on\" or \"off\"";
  settings.run.ending.on = value == "on";
  return "";
}

Problem SetNames(std::vector<std::string>& field, const std::string& value) {
  field = SplitTrimmed(value, ',');
  const bool empty = std::ranges::any_of(field, &std::string::empty);
  return empty ? "must be names with commas between them" : "";
}

// Between blanks, since a URL may hold commas.
Problem SetStandbys(Settings& settings, const std::string& value) {
  settings.standby_urls.clear();
  std::istringstream words(value);
  for (std::string word; words >> word;) {
    settings.standby_urls.push_back(ConnectionUrl::Parse(word));
  }
  return settings.standby_urls.empty() ? "must be URLs with blanks between them" : "";
}

// ---- The keys --------------------------------------------------------------------------------

struct Key {
  std::string name;
  std::function<Problem(Settings&, const std::string&)> set;
};

std::vector<Key> MakeScalars() {
  using S = Settings;
  using T = const std::string;
  std::vector<Key> keys = {
      {"database_url", SetUrl},
      {"password_file", [](S& s, T& v) { return SetText(s.password_file, v); }},
      {"dir", [](S& s, T& v) { return SetText(s.folder, v); }},
      {"schema", [](S& s, T& v) { return SetText(s.run.names.schema, v); }},
      {"alembic_table", SetAlembicTable},
      {"alembic_version", SetAlembicSync},
      {"owner_role", [](S& s, T& v) { return SetText(s.run.owner_role, v); }},
      {"search_path", [](S& s, T& v) { return SetText(s.run.search_path, v); }},
      {"migration_lock_wait", SetMigrationLockWait},
      {"sandbox_bin_dir", [](S& s, T& v) { return SetText(s.sandbox_bin_dir, v); }},
      {"backup.directory", [](S& s, T& v) { return SetText(s.run.backup.directory, v); }},
      {"backup.keep", SetKeep},
      {"backup.program", [](S& s, T& v) { return SetText(s.run.backup.program, v); }},
      {"hooks.timeout", SetHookTimeout},
      {"blocker_query", SetBlockerQuery},
      {"end_blockers.enabled", SetEndBlockers},
      {"end_blockers.idle_longer_than",
       [](S& s, T& v) { return SetTimeLimit(s.run.ending.idle_longer_than, v); }},
      {"end_blockers.users", [](S& s, T& v) { return SetNames(s.run.ending.users, v); }},
      {"end_blockers.applications",
       [](S& s, T& v) { return SetNames(s.run.ending.applications, v); }},
      {"standby_guard.urls", SetStandbys},
      {"standby_guard.longest_query",
       [](S& s, T& v) { return SetTimeLimit(s.run.standby_longest_query, v); }},
  };
  // A file's header has the same keys for itself.
  for (const std::string& key : TableLockKeys()) {
    keys.push_back({key, [key](Settings& settings, const std::string& value) {
                      return SetTableLockLimit(settings.run.table_locks, key, value);
                    }});
  }
  return keys;
}

// Keys with one value: in the file by this name, in the environment as LOCKSTEP_<NAME>, "." as "_".
const std::vector<Key>& Scalars() {
  static const std::vector<Key> keys = MakeScalars();
  return keys;
}

const Key* FindScalar(std::string_view name) {
  const auto& keys = Scalars();
  const auto found = std::ranges::find(keys, name, &Key::name);
  return found == keys.end() ? nullptr : &*found;
}

constexpr std::array<HookPoint, 5> kHookPoints = {
    HookPoint::kBeforeRun, HookPoint::kAfterRun, HookPoint::kBeforeMigration,
    HookPoint::kAfterMigration, HookPoint::kOnFailure};

std::optional<HookPoint> FindHookPoint(std::string_view name) {
  for (const HookPoint point : kHookPoints) {
    if ("hooks." + std::string(NameOf(point)) == name) return point;
  }
  return std::nullopt;
}

bool IsTable(std::string_view name) {
  return name == "backup" || name == "hooks" || name == "variables" || name == "end_blockers" ||
         name == "standby_guard";
}

// ---- The file --------------------------------------------------------------------------------

// A file being read: knows its name for the messages and its settings so far.
class FileReader {
 public:
  FileReader(std::string path, Settings& settings) : path_(std::move(path)), settings_(settings) {}

  void Read(const toml::table& table, const std::string& prefix) {
    for (const auto& [key, node] : table) {
      ReadNode(prefix + std::string(key.str()), key.source(), node);
    }
  }

  [[noreturn]] void Fail(const toml::source_region& place, const std::string& message,
                         const std::string& hint) const {
    throw Error(ErrorCode::kBadSettings,
                path_ + ":" + std::to_string(place.begin.line) + ":" +
                    std::to_string(place.begin.column) + ": " + message,
                hint);
  }

 private:
  void ReadNode(const std::string& name, const toml::source_region& key_place,
                const toml::node& node) {
    if (name.starts_with("variables.")) return ReadVariable(name, node);
    if (const auto point = FindHookPoint(name)) return ReadHook(*point, name, node);
    if (const Key* key = FindScalar(name)) return ReadScalar(*key, node);
    if (IsTable(name) && node.is_table()) return Read(*node.as_table(), name + ".");
    if (IsTable(name)) Fail(node.source(), "\"" + name + "\" must be a table", kHint);
    const std::optional<std::string> nearest = Nearest(name, SettingsKeys());
    Fail(key_place, "unknown key \"" + Escaped(name) + "\"",
         nearest ? "did you mean \"" + *nearest + "\"?" : kHint);
  }

  // Never shows the value: it may be a URL with its password.
  void ReadScalar(const Key& key, const toml::node& node) {
    std::string text;
    if (const auto* value = node.as_string()) {
      text = value->get();
    } else if (const auto* number = node.as_integer()) {
      text = std::to_string(number->get());
    } else {
      Fail(node.source(), "\"" + std::string(key.name) + "\" must be a string", kHint);
    }
    Take(key, text, node.source());
  }

  void Take(const Key& key, const std::string& text, const toml::source_region& place) {
    std::string problem;
    try {
      problem = key.set(settings_, text);
    } catch (const Error& error) {
      Fail(place, error.what(), error.hint());
    }
    if (!problem.empty()) Fail(place, "\"" + std::string(key.name) + "\" " + problem, kHint);
  }

  void ReadVariable(const std::string& name, const toml::node& node) {
    const auto* value = node.as_string();
    if (value == nullptr) Fail(node.source(), "\"" + Escaped(name) + "\" must be a string", kHint);
    settings_.run.variables[name.substr(name.find('.') + 1)] = value->get();
  }

  void ReadHook(HookPoint point, const std::string& name, const toml::node& node) {
    std::vector<std::string> command;
    if (const auto* words = node.as_array()) {
      for (const toml::node& word : *words) {
        if (word.is_string()) command.push_back(word.as_string()->get());
      }
      if (command.size() != words->size()) command.clear();
    }
    if (command.empty()) {
      Fail(node.source(), "\"" + name + "\" must be a list of strings",
           "the program's absolute path first: [\"/usr/local/bin/notify\", \"argument\"]");
    }
    settings_.run.hooks.commands[point] = std::move(command);
  }

  std::string path_;
  Settings& settings_;
};

std::string ReadWholeFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  // An empty file is fine; to "<<" below it would be a failure.
  if (file.peek() == std::ifstream::traits_type::eof() && file.eof() && !file.bad()) return "";
  std::ostringstream text;
  if (file) text << file.rdbuf();
  if (file && !text.fail()) return text.str();
  throw Error(ErrorCode::kFileRead, "cannot read the configuration file \"" + path + "\"",
              "check its name and its permissions");
}

toml::table ParseToml(const std::string& path, const std::string& text) {
  try {
    return toml::parse(text, path);
  } catch (const toml::parse_error& error) {
    // Its description may quote what stands in the line.
    const toml::source_position& at = error.source().begin;
    throw Error(ErrorCode::kBadSettings,
                path + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) +
                    ": this is not TOML",
                "a setting is written as key = \"value\"");
  }
}

// Who may write the file decides which programs we run.
void RequireTrustedForHooks(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return;
  const bool ours = status.st_uid == 0 || status.st_uid == geteuid();
  const bool closed = (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
  if (ours && closed) return;
  throw Error(ErrorCode::kBadSettings,
              "\"" + path + "\" names hooks and could be changed by others; they are not run",
              "make it yours and closed: chown, and chmod go-w");
}

bool HoldsPassword(const Settings& settings) {
  const auto has_password = [](const ConnectionUrl& url) { return !url.Get("password").empty(); };
  return (settings.url && has_password(*settings.url)) ||
         std::ranges::any_of(settings.standby_urls, has_password);
}

void ReadFile(const std::string& path, Settings& settings) {
  const std::string text = ReadWholeFile(path);
  FileReader(path, settings).Read(ParseToml(path, text), "");
  if (HoldsPassword(settings))
    RequirePrivateFile(path, "the configuration file, which holds a password,");
  if (!settings.run.hooks.empty()) RequireTrustedForHooks(path);
}

// ---- Environment and flags -------------------------------------------------------------------

std::string Environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? "" : value;
}

std::string VariableFor(std::string_view key) {
  std::string name = "LOCKSTEP_";
  for (const char c : key) {
    name += c == '.' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  }
  return name;
}

void Take(Settings& settings, std::string_view key, const std::string& origin,
          const std::string& value) {
  if (value.empty()) return;
  Problem problem;
  try {
    problem = FindScalar(key)->set(settings, value);
  } catch (const Error& error) {
    throw Error(error.code(), origin + ": " + error.what(), error.hint());
  }
  if (!problem.empty()) throw Error(ErrorCode::kBadSettings, origin + " " + problem, kHint);
}

// An empty variable is one that is not set.
void ReadEnvironment(Settings& settings) {
  Take(settings, "database_url", "DATABASE_URL", Environment("DATABASE_URL"));
  for (const Key& key : Scalars()) {
    const std::string variable = VariableFor(key.name);
    Take(settings, key.name, variable, Environment(variable));
  }
}

void ReadFlags(Settings& settings, const SettingsFlags& flags) {
  Take(settings, "database_url", "--database-url", flags.database_url);
  Take(settings, "password_file", "--password-file", flags.password_file);
  Take(settings, "dir", "--dir", flags.folder);
  settings.url_from_flag = !flags.database_url.empty();
}

// Empty: there is no file.
std::string FileToRead(const SettingsFlags& flags) {
  if (!flags.config.empty()) return flags.config;
  const std::string named = Environment("LOCKSTEP_CONFIG");
  if (!named.empty()) return named;
  return std::filesystem::exists(kDefaultFile) ? kDefaultFile : "";
}

}  // namespace

Settings LoadSettings(const SettingsFlags& flags) {
  Settings settings;
  const std::string file = FileToRead(flags);
  if (!file.empty()) ReadFile(file, settings);
  ReadEnvironment(settings);
  ReadFlags(settings, flags);
  if (!settings.run.hooks.empty()) CheckHooks(settings.run.hooks);
  return settings;
}

std::vector<std::string> SettingsKeys() {
  std::vector<std::string> names;
  for (const Key& key : Scalars()) names.emplace_back(key.name);
  for (const HookPoint point : kHookPoints) names.push_back("hooks." + std::string(NameOf(point)));
  names.emplace_back("backup");
  names.emplace_back("hooks");
  names.emplace_back("variables");
  return names;
}

}  // namespace lockstep
