#include "commands/wait_timeout.h"

#include "base/error.h"
#include "core/duration.h"

namespace lockstep {

std::optional<Duration> WaitTimeoutFrom(const std::string& text) {
  if (text == "forever") return std::nullopt;
  if (const std::optional<Duration> timeout = ParseDuration(text)) return timeout;
  throw Error(ErrorCode::kUsage, "\"--timeout\" takes a time, not \"" + text + "\"",
              "write it as 30s or 10m, or forever");
}

}  // namespace lockstep
