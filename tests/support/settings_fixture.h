// A configuration file of the test's own, and an environment that it leaves as it was.
#pragma once

#include <sys/stat.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "commands/settings.h"
#include "support/command_fixture.h"

namespace lockstep {

// Every variable that a test sets is taken back; those of the outside do not reach it.
class SettingsFixture : public CommandFixture {
 protected:
  SettingsFixture() {
    unsetenv("DATABASE_URL");
    unsetenv("LOCKSTEP_CONFIG");
    flags_.config = (root_ / "lockstep.toml").string();
  }
  ~SettingsFixture() override {
    for (const std::string& name : set_) unsetenv(name.c_str());
  }

  void Set(const std::string& name, const std::string& value) {
    setenv(name.c_str(), value.c_str(), 1);
    set_.push_back(name);
  }
  void WriteFile(const std::string& file, mode_t mode = 0600) {
    std::ofstream(flags_.config, std::ios::binary) << file;
    chmod(flags_.config.c_str(), mode);
  }
  // "code message | hint" of what `load` throws, our file called FILE; else "accepted".
  template <class Load>
  std::string RefusalOf(const Load& load) const {
    try {
      load();
    } catch (const Error& error) {
      return std::string(NameOf(error.code())) + " " + Named(error.what()) + " | " + error.hint();
    }
    return "accepted";
  }
  std::string Named(std::string text) const {
    for (std::size_t at = text.find(flags_.config); at != std::string::npos;
         at = text.find(flags_.config)) {
      text.replace(at, flags_.config.size(), "FILE");
    }
    return text;
  }

  SettingsFlags flags_;
  std::vector<std::string> set_;
};

}  // namespace lockstep
