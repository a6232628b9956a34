// The agent's program: reads its settings, starts the log, runs the agent.
#include <malloc.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <string>

#include "agent/agent.h"
#include "agent/arguments.h"
#include "agent/authorization.h"
#include "agent/signals.h"
#include "base/argument_memory.h"
#include "base/startup.h"
#include "base/text.h"
#include "commands/exit_code.h"

namespace lockstep {
namespace {

int Print(std::FILE* stream, const std::string& text, ExitCode exit_code) {
  std::fputs(text.c_str(), stream);
  return static_cast<int>(exit_code);
}

int Refuse(const Error& error) {
  std::string text = "error: " + Escaped(error.what()) + "\n";
  if (!error.hint().empty()) text += "  hint: " + Escaped(error.hint()) + "\n";
  return Print(stderr, text, ExitCodeOf(error.code()));
}

// Throws Error kBadSettings. A database that is away is waited for; one that nobody has named never
// comes.
void RequireDatabases(const AgentSettings& settings) {
  for (const TargetSettings& target : settings.targets) {
    if (target.settings.url) continue;
    throw Error(ErrorCode::kBadSettings, "target \"" + target.name + "\" has no database",
                "set database_url in the configuration, or DATABASE_URL");
  }
}

int CheckConfig(const AgentSettings& settings) {
  RequireDatabases(settings);
  ResolveAllowed(settings.allow_users, settings.allow_groups);  // throws, as the start would
  std::string text = "the settings can be used:";
  for (const TargetSettings& target : settings.targets) {
    text += "\n  target " + target.name + ": " + target.settings.url->Redacted() + ", \"" +
            target.settings.folder + "\"";
  }
  return Print(stdout, text + "\n", ExitCode::kDone);
}

// What is idle most of its life keeps little memory: two arenas instead of eight for each core.
void SaveMemory() {
  mallopt(M_ARENA_MAX, 2);
  mallopt(M_TRIM_THRESHOLD, 128 * 1024);
}

int RunAgent(const AgentInvocation& invocation) {
  LoadedAgentSettings loaded = LoadAgentSettings(invocation.flags);
  if (invocation.print_config) {
    return Print(stdout, PrintSettings(loaded.effective), ExitCode::kDone);
  }
  if (invocation.check_config) return CheckConfig(loaded.settings);
  RequireDatabases(loaded.settings);
  Signals::Block();
  SaveMemory();
  StartLog({.format = loaded.settings.log_format, .level = loaded.settings.log_level});
  SystemClock clock;
  Agent agent(
      std::move(loaded.settings),
      [flags = invocation.flags] { return LoadAgentSettings(flags).settings; }, clock);
  const int exit_code = agent.Run();
  StopLog();
  return exit_code;
}

int RunProgram(int argc, char** argv) {
  OccupyStandardStreams();
  ForbidDumps();
  std::signal(SIGPIPE, SIG_IGN);
  const auto parsed = ParseAgentArguments(argc, argv);
  HideDatabaseUrl(argc, argv);
  if (const auto* reply = std::get_if<AgentArgumentReply>(&parsed)) {
    const bool good = reply->exit_code == ExitCode::kDone;
    return Print(good ? stdout : stderr, reply->text, reply->exit_code);
  }
  try {
    return RunAgent(std::get<AgentInvocation>(parsed));
  } catch (const Error& error) {
    StopLog();
    return Refuse(error);
  }
}

}  // namespace
}  // namespace lockstep

int main(int argc, char** argv) {
  try {
    return lockstep::RunProgram(argc, argv);
  } catch (const std::exception& error) {
    const std::string text =
        "error: " + lockstep::Escaped(error.what()) + "\n  hint: this is a bug; please report it\n";
    return lockstep::Print(stderr, text, lockstep::ExitCode::kInternal);
  }
}
