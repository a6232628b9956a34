#include "postgres/sandbox.h"

#include "base/error.h"
#include "commands/commands.h"
#include "commands/documents.h"

namespace lockstep {
namespace {

CommandAnswer Stop(const std::string& directory) {
  const bool stopped = StopSandbox(directory);
  const std::string message = stopped ? "stopped, and its files are deleted"
                                      : "no server of ours runs in \"" + directory + "\"";
  return {json::object{{"url", nullptr},
                       {"directory", directory},
                       {"detached", false},
                       {"stopped", stopped},
                       {"message", message}},
          stopped ? ExitCode::kDone : ExitCode::kOther};
}

void SleepUntilStopped(const CommandContext& context) {
  while (context.clock.SleepFor(std::chrono::hours(1), context.stop.after_current)) {
  }
}

json::object SandboxDocument(const Sandbox& sandbox, bool detached) {
  const std::string stop = "lockstep sandbox --stop " + sandbox.directory();
  return {{"url", sandbox.url_text()},
          {"directory", sandbox.directory()},
          {"detached", detached},
          {"stopped", !detached},
          {"message",
           detached ? "running until \"" + stop + "\"" : "stopped, and its files are deleted"},
          {"next", detached ? json::value(stop) : json::value(nullptr)}};
}

}  // namespace

CommandAnswer RunSandbox(const CommandContext& context, const CommandRequest& request) {
  if (request.Has("stop")) return Stop(request.Get("stop"));
  const bool detach = request.Has("detach");
  const Sandbox sandbox({.directory = request.Get("directory"),
                         .bin_dir = context.settings.sandbox_bin_dir,
                         .detach = detach});
  if (detach) return {SandboxDocument(sandbox, true)};
  context.observer.OnMessage("ready at " + sandbox.url_text() + " until Ctrl-C");
  SleepUntilStopped(context);
  return {SandboxDocument(sandbox, false)};
}

}  // namespace lockstep
