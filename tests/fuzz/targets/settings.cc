// The input is a configuration file.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "base/descriptor.h"
#include "base/error.h"
#include "commands/agent_settings.h"
#include "commands/settings_file.h"
#include "fuzz/oracle.h"
#include "fuzz/targets.h"

namespace lockstep {
namespace {

constexpr std::string_view kCanary = "C4n4ry";

// A file in memory, with the mode that a secret in it needs.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view text) : file_(memfd_create("settings", MFD_CLOEXEC)) {
    Hold(fchmod(file_.get(), 0600) == 0, "there is memory for a file");
    while (!text.empty()) {
      const ssize_t written = write(file_.get(), text.data(), text.size());
      Hold(written > 0, "the file takes what is written");
      text.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  std::string path() const { return "/proc/self/fd/" + std::to_string(file_.get()); }

 private:
  Descriptor file_;
};

struct Loaded {
  std::optional<LoadedAgentSettings> settings;
  std::string refusal;
};

Loaded Load(std::string_view text) {
  const MemoryFile file(text);
  AgentFlags flags;
  flags.settings.config = file.path();
  try {
    return {LoadAgentSettings(flags), {}};
  } catch (const Error& error) {
    return {{}, std::string(error.what()) + " | " + error.hint()};
  }
}

std::vector<std::string> ValuesOf(const LoadedAgentSettings& loaded) {
  std::vector<std::string> values;
  for (const EffectiveSetting& setting : loaded.effective) {
    values.push_back(setting.key + " = " + setting.value);
  }
  return values;
}

// The first value that is another one when it is read again.
std::string DifferenceOf(const LoadedAgentSettings& a, const LoadedAgentSettings& b) {
  const std::vector<std::string> before = ValuesOf(a), after = ValuesOf(b);
  const auto [left, right] = std::ranges::mismatch(before, after);
  return (left == before.end() ? "nothing" : *left) + " became " +
         (right == after.end() ? "nothing" : *right);
}

bool IsUrlKey(const std::string& key) {
  return key == "database_url" || key == "standby_guard.urls";
}

// The canary stands in values of URLs alone: then it may be a password, and nobody may repeat it.
bool CanaryIsInUrls(std::string_view text) {
  const MemoryFile file(text);
  try {
    for (const StatedSetting& stated : ReadSettingsFile(file.path())) {
      if (Holds(stated.key, kCanary) || Holds(stated.section, kCanary)) return false;
      if (Holds(stated.value.text, kCanary) && !IsUrlKey(stated.key)) return false;
      for (const std::string& word : stated.value.list) {
        if (Holds(word, kCanary)) return false;
      }
    }
  } catch (const Error&) {
    // No TOML: nothing of it may be repeated at all.
  }
  return true;
}

bool IsPassword(const ConnectionUrl& url) {
  for (const auto& [key, value] : url.options()) {
    if (Holds(value, kCanary) && key != "password" && key != "sslpassword") return false;
  }
  return true;
}

// What is printed of a URL in which the canary is the password does not hold it.
void HoldSecret(const LoadedAgentSettings& loaded, const std::string& printed) {
  for (const TargetSettings& target : loaded.settings.targets) {
    const Settings& settings = target.settings;
    if (settings.url && !IsPassword(*settings.url)) return;
    if (!std::ranges::all_of(settings.standby_urls, IsPassword)) return;
  }
  Hold(!Holds(printed, kCanary), "what is printed holds no password", printed);
}

}  // namespace

void FuzzSettings(std::string_view input) {
  const Loaded loaded = Load(input);
  if (!loaded.settings) {
    Hold(!loaded.refusal.empty() && loaded.refusal.size() < 4096,
         "a refusal says why, and not too much");
    Hold(!Holds(loaded.refusal, kCanary) || !CanaryIsInUrls(input), "a refusal repeats no value",
         loaded.refusal);
    return;
  }
  const std::string printed = PrintSettings(loaded.settings->effective);
  if (CanaryIsInUrls(input)) HoldSecret(*loaded.settings, printed);
  const Loaded again = Load(printed);
  Hold(again.settings.has_value(), "an accepted configuration, printed, is accepted",
       again.refusal);
  Hold(ValuesOf(*again.settings) == ValuesOf(*loaded.settings),
       "an accepted configuration prints back to itself",
       DifferenceOf(*loaded.settings, *again.settings));
}

}  // namespace lockstep
