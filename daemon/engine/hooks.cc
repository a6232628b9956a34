#include "engine/hooks.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/error.h"
#include "base/subprocess.h"
#include "base/text.h"
#include "core/duration.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

// As many links as the kernel follows; path_resolution(7).
constexpr int kMostLinks = 40;

// A hook's path and what it was given for.
struct HookPath {
  HookPoint point;
  std::string path;
};

[[noreturn]] void Refuse(const HookPath& hook, const std::string& why, const std::string& hint) {
  throw Error(ErrorCode::kBadSettings,
              "the hook '" + hook.path + "' for " + std::string(NameOf(hook.point)) +
                  " cannot be used: " + why,
              hint);
}

struct stat Look(const HookPath& hook, const fs::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0) return status;
  Refuse(hook, "'" + path.string() + "': " + std::generic_category().message(errno),
         "correct its path");
}

void RequireTrusted(const HookPath& hook, const fs::path& path, const struct stat& status) {
  if (status.st_uid != 0 && status.st_uid != ::geteuid()) {
    Refuse(hook,
           "'" + path.string() + "' belongs to the user " + std::to_string(status.st_uid) +
               ", who could replace the program",
           "give it to root");
  }
  const bool others_write = (status.st_mode & (S_IWGRP | S_IWOTH)) != 0;
  // In a folder with the sticky bit only an owner removes a name, and the owner was looked at.
  const bool sticky_folder = S_ISDIR(status.st_mode) && (status.st_mode & S_ISVTX) != 0;
  if (others_write && !sticky_folder && !S_ISLNK(status.st_mode)) {
    Refuse(hook, "others could replace it: '" + path.string() + "' is writable by group or others",
           "chmod go-w '" + path.string() + "'");
  }
}

// Looks at every folder on the way to `path` and at what the links on it lead to, since whoever may
// write one of them decides what runs.
void RequireTrustedWay(const HookPath& hook, const fs::path& path, int links_left) {
  if (links_left == 0) Refuse(hook, "too many links", "name the program itself");
  fs::path walked;
  for (auto part = path.begin(); part != path.end(); ++part) {
    walked /= *part;
    const struct stat status = Look(hook, walked);
    RequireTrusted(hook, walked, status);
    if (!S_ISLNK(status.st_mode)) continue;
    fs::path target = walked.parent_path() / fs::read_symlink(walked);
    for (++part; part != path.end(); ++part) target /= *part;
    return RequireTrustedWay(hook, target, links_left - 1);
  }
}

void CheckHook(HookPoint point, const std::vector<std::string>& command) {
  const HookPath hook{point, command.empty() ? std::string() : command.front()};
  if (!hook.path.starts_with('/')) {
    Refuse(hook, "it is not an absolute path", "name the program by its absolute path");
  }
  RequireTrustedWay(hook, hook.path, kMostLinks);
  if (!FindProgram(hook.path))
    Refuse(hook, "it is not an executable file",
           "chmod +x '" + hook.path + "', or correct the path");
}

std::string VariableName(std::string_view key) {
  std::string name = "LOCKSTEP_";
  for (const char c : key) {
    const auto byte = static_cast<unsigned char>(c);
    name += std::isalnum(byte) != 0 ? static_cast<char>(std::toupper(byte)) : '_';
  }
  return name;
}

std::vector<std::pair<std::string, std::string>> EnvironmentOf(HookPoint point,
                                                               const json::object& facts) {
  std::vector<std::pair<std::string, std::string>> variables;
  for (const auto& [key, value] : facts) {
    if (value.is_string()) {
      variables.emplace_back(VariableName(key), std::string(value.as_string()));
    } else if (value.is_number()) {
      variables.emplace_back(VariableName(key), json::serialize(value));
    }
  }
  variables.emplace_back("LOCKSTEP_HOOK", NameOf(point));
  return variables;
}

// The last that it said, since the reason comes at the end.
std::string LastWords(const std::string& output) {
  constexpr std::size_t kMost = 300;
  const std::string_view text = Trim(output);
  if (text.empty()) return "";
  return ": " + Escaped(text.substr(text.size() > kMost ? text.size() - kMost : 0));
}

std::string HowItEnded(const SubprocessResult& result, std::chrono::milliseconds timeout) {
  if (result.timed_out) return "did not end within " + ToText(timeout);
  if (result.stopped) return "was stopped";
  if (result.exit_code > 128)
    return "was ended by signal " + std::to_string(result.exit_code - 128);
  return "ended with exit code " + std::to_string(result.exit_code);
}

}  // namespace

std::string_view NameOf(HookPoint point) {
  switch (point) {
    case HookPoint::kBeforeRun:
      return "before_run";
    case HookPoint::kAfterRun:
      return "after_run";
    case HookPoint::kBeforeMigration:
      return "before_migration";
    case HookPoint::kAfterMigration:
      return "after_migration";
    case HookPoint::kOnFailure:
      return "on_failure";
  }
  return "";
}

void CheckHooks(const HookSettings& settings) {
  for (const auto& [point, command] : settings.commands) CheckHook(point, command);
}

std::optional<HookResult> RunHook(const HookSettings& settings, HookPoint point,
                                  const json::object& facts, std::stop_token stop) {
  const auto command = settings.commands.find(point);
  if (command == settings.commands.end()) return std::nullopt;
  SubprocessRequest request;
  request.command = command->second;
  request.environment = EnvironmentOf(point, facts);
  request.standard_input = json::serialize(facts) + "\n";
  request.timeout = settings.timeout;
  HookResult result;
  result.point = point;
  const std::string subject = "the " + std::string(NameOf(point)) + " hook ";
  try {
    const SubprocessResult run = RunSubprocess(request, stop);
    result.exit_code = run.exit_code;
    result.timed_out = run.timed_out;
    result.output = Escaped(run.output + run.error_output);
    if (!run.ok()) {
      result.problem = subject + "'" + request.command.front() + "' " +
                       HowItEnded(run, settings.timeout) + LastWords(run.output + run.error_output);
    }
  } catch (const Error& error) {
    result.exit_code = -1;
    result.problem = subject + "did not run: " + error.what();
  }
  return result;
}

}  // namespace lockstep
