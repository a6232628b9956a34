// The configuration file as TOML: what it says, and where. It knows no key but [target.NAME].
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "commands/stated_setting.h"

namespace lockstep {

inline constexpr std::size_t kMaxSettingsBytes = std::size_t{1} << 20;

// All that the file says, in its order; tables too, each before what stands in it. Throws Error
// kFileRead, or kBadSettings with the place; no message repeats what stands in the file.
// Thread: any.
std::vector<StatedSetting> ReadSettingsFile(const std::string& path);

}  // namespace lockstep
